/** The distributed engines as real processes are told of them. */
import { randomBytes } from 'node:crypto';
import { decodeS3Url, engineUrl } from './engines.js';

/** Environment of control planes and workers of a fresh installation on the servers that tests have; `null` where one of the four cannot be had. */
export async function distributedEnvironment(): Promise<Readonly<Record<string, string>> | null> {
  const [kafka, mongo, redis, s3] = await Promise.all([
    engineUrl('kafka'),
    engineUrl('mongo'),
    engineUrl('redis'),
    engineUrl('s3'),
  ]);
  if (kafka === null || mongo === null || redis === null || s3 === null) return null;
  const installation = `t-${randomBytes(6).toString('hex')}`;
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = decodeS3Url(s3);
  return {
    MARID_CONTROL_PLANE_INSTALLATION: installation,
    MARID_CONTROL_PLANE_STORE: 'mongo',
    MARID_CONTROL_PLANE_MONGO_URL: mongo,
    MARID_CONTROL_PLANE_MONGO_DATABASE: installation,
    MARID_CONTROL_PLANE_LOG: 'kafka',
    MARID_CONTROL_PLANE_KAFKA_BROKERS: kafka,
    MARID_CONTROL_PLANE_LEASE: 'redis',
    MARID_CONTROL_PLANE_REDIS_URLS: redis.join(','),
    MARID_CONTROL_PLANE_BLOBS: 's3',
    MARID_CONTROL_PLANE_S3_BUCKET: bucket,
    MARID_CONTROL_PLANE_S3_ENDPOINT: endpoint,
    MARID_CONTROL_PLANE_S3_REGION: region,
    MARID_CONTROL_PLANE_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    MARID_WORKER_INSTALLATION: installation,
    MARID_WORKER_LOG: 'kafka',
    MARID_WORKER_KAFKA_BROKERS: kafka,
  };
}
