/** The native stack as Marid's own processes are told of it. */
import type { NativeEngine } from './engine.js';
import type { NativeStack } from './native-stack.js';

/** Starts all servers of a stack; returns the environment of control planes, workers and `marid dev` that makes them the engines. */
export async function startForMarid(stack: NativeStack): Promise<Readonly<Record<string, string>>> {
  const [kafka, mongo, redis, s3] = await Promise.all([
    stack.start('kafka'),
    stack.start('mongo'),
    stack.start('redis'),
    stack.start('s3'),
  ]);
  const bucket = new URL(firstUrl(s3));
  return {
    MARID_CONTROL_PLANE_STORE: 'mongo',
    MARID_CONTROL_PLANE_MONGO_URL: firstUrl(mongo),
    MARID_CONTROL_PLANE_LOG: 'kafka',
    MARID_CONTROL_PLANE_KAFKA_BROKERS: kafka.urls.join(','),
    MARID_CONTROL_PLANE_LEASE: 'redis',
    MARID_CONTROL_PLANE_REDIS_URLS: redis.urls.join(','),
    MARID_CONTROL_PLANE_BLOBS: 's3',
    MARID_CONTROL_PLANE_S3_BUCKET: bucket.pathname.slice(1),
    MARID_CONTROL_PLANE_S3_ENDPOINT: bucket.origin,
    MARID_CONTROL_PLANE_S3_REGION: bucket.searchParams.get('region') ?? 'us-east-1',
    MARID_CONTROL_PLANE_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: decodeURIComponent(bucket.username),
    AWS_SECRET_ACCESS_KEY: decodeURIComponent(bucket.password),
  };
}

function firstUrl(engine: NativeEngine): string {
  return engine.urls[0] ?? '';
}
