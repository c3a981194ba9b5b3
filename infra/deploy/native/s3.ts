/** versitygw: an S3 server over a folder. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStart, NativeEngine } from './engine.js';
import { freePort } from './ports.js';
import { prepareVersitygw, VERSITYGW_VERSION } from './prepare.js';
import { ServerProcess } from './server-process.js';

const REGION = 'us-east-1';
const BUCKET = 'marid';
const ACCESS_KEY = 'marid';

/** Starts it with one bucket and a key of its own. */
export async function startS3(start: EngineStart): Promise<NativeEngine> {
  const { context, random } = start;
  const program = await prepareVersitygw(context);
  const folder = join(start.folder, 's3');
  const data = join(folder, 'data');
  const versions = join(folder, 'versions');
  for (const each of [data, versions]) mkdirSync(each, { recursive: true });
  const address = `127.0.0.1:${String(await freePort(random))}`;
  const secret = random.id();
  const url = `http://${ACCESS_KEY}:${secret}@${address}/${BUCKET}?region=${REGION}`;
  const server = new ServerProcess(context, {
    name: 's3',
    url,
    command: [program, '--port', address, '--region', REGION, 'posix', '--versioning-dir', versions, data],
    environment: { ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: secret },
    logFile: join(folder, 'server.log'),
    probe: () => createBucket({ endpoint: `http://${address}`, accessKeyId: ACCESS_KEY, secretAccessKey: secret }),
  });
  start.own(server);
  await server.start();
  return { name: 's3', product: `versitygw ${VERSITYGW_VERSION}`, standIn: false, urls: [url], servers: [server] };
}

/** How to reach a server as its owner. */
export interface S3Access {
  /** `http://host:port`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Creates the bucket where it is absent. */
export async function createBucket({ endpoint, ...credentials }: S3Access): Promise<void> {
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...{ endpoint, region: REGION, forcePathStyle: true, maxAttempts: 1, credentials },
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000 },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  } catch (error) {
    if (!(error instanceof Error && error.name.startsWith('BucketAlready'))) throw error;
  } finally {
    client.destroy();
  }
}
