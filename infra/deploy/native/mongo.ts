/** The stand-in for MongoDB. What it cannot show: see README.md in this folder. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStart, NativeEngine, NativeEngineOptions } from './engine.js';
import { freePort } from './ports.js';
import { MONGO_STAND_IN_VERSION, prepareMongoStandIn } from './prepare.js';
import { ServerProcess } from './server-process.js';

/** Starts the stand-in and waits until it answers. */
export async function startMongo(
  start: EngineStart,
  { replicaSet = '' }: NativeEngineOptions = {},
): Promise<NativeEngine> {
  const { context, random } = start;
  const classPath = await prepareMongoStandIn(context);
  const folder = join(start.folder, 'mongo');
  mkdirSync(folder);
  const port = String(await freePort(random));
  const url = `mongodb://127.0.0.1:${port}/${replicaSet === '' ? '' : `?replicaSet=${replicaSet}`}`;
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  const server = new ServerProcess(context, {
    name: 'mongo-stand-in',
    url,
    command: [
      ...['java', '-Xmx384m', '-XX:+UseSerialGC', '-Djava.awt.headless=true', log],
      ...['-cp', classPath, 'MongoStandIn', port, join(folder, 'data.mv'), replicaSet],
    ],
    logFile: join(folder, 'server.log'),
    probe: () => probe(url),
  });
  start.own(server);
  await server.start();
  const product = `a stand-in for MongoDB (mongo-java-server ${MONGO_STAND_IN_VERSION})`;
  return { name: 'mongo', product, standIn: true, urls: [url], servers: [server] };
}

async function probe(url: string): Promise<void> {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: 1000,
    connectTimeoutMS: 1000,
    socketTimeoutMS: 2000,
  });
  try {
    await client.db('admin').command({ ping: 1 });
  } finally {
    await client.close();
  }
}
