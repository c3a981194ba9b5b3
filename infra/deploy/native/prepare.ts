/** Fetches and builds what the servers are started from; nothing is done twice. */
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import { cached } from './cache.js';
import { cacheFolder, fingerprint, sourceFile, type StackContext } from './context.js';
import { findOnPath, isExecutable, runTool } from './run-tool.js';

/** Version of Apache Kafka that is started by default. */
export const KAFKA_VERSION = '3.9.2';
/** Version of mongo-java-server, which stands in for MongoDB. */
export const MONGO_STAND_IN_VERSION = '1.47.0';
/** Version of versitygw, an S3 server over a folder. */
export const VERSITYGW_VERSION = '1.8.0';

const JAVA_REMEDY = 'Install a JDK 17 or newer and Maven (Debian: apt-get install openjdk-17-jdk-headless maven).';
const GO_REMEDY = 'Install Go 1.24 or newer, or bring an S3 server of your own (MARID_TEST_S3_URL).';
const REDIS_REMEDY = 'Install redis-server or valkey-server and put it on the PATH.';

/** Class path of Kafka. */
export async function prepareKafka(context: StackContext, version = KAFKA_VERSION): Promise<string> {
  const folder = await cached(context, {
    name: `kafka-${version}`,
    step: `kafka: fetched the jars of ${version} by Maven`,
    make: (target) =>
      copyJars(context, target, [`org.apache.kafka:kafka_2.13:${version}`, 'org.slf4j:slf4j-simple:1.7.36']),
  });
  return join(folder, '*');
}

/** Class path of MongoDB's stand-in. */
export async function prepareMongoStandIn(context: StackContext): Promise<string> {
  const source = sourceFile('infra', 'deploy', 'native', 'java', 'MongoStandIn.java');
  const group = 'de.bwaldvogel';
  const jars = await cached(context, {
    name: `mongo-java-server-${MONGO_STAND_IN_VERSION}`,
    step: `mongo stand-in: fetched the jars of mongo-java-server ${MONGO_STAND_IN_VERSION} by Maven`,
    make: (target) =>
      copyJars(context, target, [
        `${group}:mongo-java-server:${MONGO_STAND_IN_VERSION}`,
        `${group}:mongo-java-server-h2-backend:${MONGO_STAND_IN_VERSION}`,
      ]),
  });
  const classes = await cached(context, {
    name: `mongo-stand-in-${fingerprint(await readFile(source, 'utf8'))}`,
    step: 'mongo stand-in: compiled its main class',
    make: (target) =>
      runTool(context, { command: ['javac', '-cp', join(jars, '*'), '-d', target, source], remedy: JAVA_REMEDY }),
  });
  return `${classes}:${join(jars, '*')}`;
}

/** Path of a redis-server. */
export async function prepareRedis(context: StackContext): Promise<string> {
  const present = findOnPath(context, 'redis-server') ?? findOnPath(context, 'valkey-server');
  if (present !== null) return present;
  const link = join(cacheFolder(context), 'redis-debian', 'redis-server');
  // The cache may have come from another machine: then the link points at nothing.
  if (!isExecutable(link)) await rm(dirname(link), { recursive: true, force: true });
  await cached(context, {
    name: 'redis-debian',
    step: "redis: installed Debian's redis-tools",
    make: (target) => installRedis(context, target),
  });
  return link;
}

/** Path of versitygw. */
export async function prepareVersitygw(context: StackContext): Promise<string> {
  const folder = await cached(context, {
    name: `versitygw-${VERSITYGW_VERSION}`,
    step: `s3: built versitygw ${VERSITYGW_VERSION} by go install`,
    make: (target) =>
      runTool(context, {
        command: ['go', 'install', `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW_VERSION}`],
        environment: { GOBIN: target },
        remedy: GO_REMEDY,
      }),
  });
  return join(folder, 'versitygw');
}

/** Copies artifacts (`group:name:version`) and all that they depend on. */
async function copyJars(context: StackContext, folder: string, artifacts: readonly string[]): Promise<void> {
  const pom = join(folder, 'pom.xml');
  await writeFile(pom, pomOf(artifacts));
  await runTool(context, {
    command: ['mvn', '-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
    remedy: JAVA_REMEDY,
  });
}

function pomOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group = '', name = '', version = ''] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>marid</groupId><artifactId>native-stack</artifactId><version>1</version>',
    `<dependencies>\n${dependencies.join('\n')}\n</dependencies></project>\n`,
  ].join('\n');
}

/**
 * Debian's package redis-server is a service that starts itself and a link to a program of redis-tools, which looks at the name it is called by. So redis-tools is
 * installed and the link made here: no service ever starts.
 */
async function installRedis(context: StackContext, folder: string): Promise<void> {
  if (findOnPath(context, 'apt-get') === null || process.getuid?.() !== 0) {
    throw new MaridError('UNAVAILABLE', `There is no redis-server on the PATH. ${REDIS_REMEDY}`);
  }
  const apt = { environment: { DEBIAN_FRONTEND: 'noninteractive' }, remedy: REDIS_REMEDY };
  await runTool(context, { ...apt, command: ['apt-get', 'update', '-q'] });
  await runTool(context, {
    ...apt,
    command: ['apt-get', 'install', '-q', '-y', '--no-install-recommends', 'redis-tools'],
  });
  const program = '/usr/bin/redis-check-rdb';
  if (!isExecutable(program)) throw new MaridError('UNAVAILABLE', `redis-tools holds no ${program}. ${REDIS_REMEDY}`);
  await symlink(program, join(folder, 'redis-server'));
}
