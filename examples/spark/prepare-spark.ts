/** Spark, Java and Python on this machine. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../../infra/deploy/native/cache.js';
import { cacheFolder, type StackContext } from '../../infra/deploy/native/context.js';
import { findOnPath, runTool } from '../../infra/deploy/native/run-tool.js';

/** Version of Spark, from PyPI; runs on Java 8, 11 and 17. */
export const SPARK_VERSION = '3.5.7';

const NAME = `pyspark-${SPARK_VERSION}`;
const REMEDY = 'Install Python 3.8 to 3.12 with pip.';

/** Where Spark and what it needs are. */
export interface SparkHome {
  readonly sparkHome: string;
  readonly javaHome: string;
  /** Path of the interpreter. */
  readonly python: string;
}

/** What this machine lacks for Spark, one sentence; null: nothing. */
export async function missingForSpark(context: StackContext): Promise<string | null> {
  const java = findOnPath(context, 'java') === null ? null : await javaVersion();
  if (java === null) return 'Java is not on the PATH.';
  if (java < 8 || java > 17) return `Spark ${SPARK_VERSION} needs Java 8 to 17; this is Java ${java}.`;
  if (findOnPath(context, 'python3') === null) return 'python3 is not on the PATH.';
  return null;
}

/** Whether Spark has been fetched before. */
export function hasSpark(context: StackContext): boolean {
  return existsSync(join(cacheFolder(context), NAME));
}

/** Spark, fetched from PyPI into the cache where it is not there yet: 320 MB, half a minute and more. */
export async function prepareSpark(context: StackContext): Promise<SparkHome> {
  const folder = await cached(context, {
    name: NAME,
    step: `spark: fetched pyspark ${SPARK_VERSION} by pip`,
    make: (target) =>
      runTool(context, {
        command: ['python3', '-m', 'pip', 'install', '--quiet', '--target', target, `pyspark==${SPARK_VERSION}`],
        remedy: REMEDY,
      }),
  });
  const python = await printed('python3', ['-c', 'import sys; print(sys.executable)']);
  return { sparkHome: join(folder, 'pyspark'), javaHome: await javaHome(), python };
}

async function javaVersion(): Promise<number | null> {
  const properties = await javaProperties();
  const version = /java\.specification\.version = (?:1\.)?(\d+)/.exec(properties)?.[1];
  return version === undefined ? null : Number(version);
}

async function javaHome(): Promise<string> {
  return /java\.home = (.*)/.exec(await javaProperties())?.[1]?.trim() ?? '';
}

async function javaProperties(): Promise<string> {
  const { stderr } = await promisify(execFile)('java', ['-XshowSettings:properties', '-version']);
  return stderr;
}

async function printed(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args);
  return stdout.trim();
}
