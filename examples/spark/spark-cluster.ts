/** Clusters of the example: each is a process of `files/spark-cluster.sh`, which registers and deregisters itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { say } from '../quickstart/terminal.js';
import type { SparkHome } from './prepare-spark.js';
import { scriptPath } from './registry.js';

const MARID = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** Options of `startCluster`. */
export interface ClusterOptions {
  readonly id: string;
  /** For its logs and configuration. */
  readonly folder: string;
  readonly tags: readonly string[];
  /** Address of the control plane. */
  readonly address: string;
  readonly spark: SparkHome;
}

/** A cluster that runs. */
export interface SparkCluster {
  /** Resolves when it is registered; rejects when it ends before. */
  readonly registered: Promise<void>;
  /** Deregisters it, waits for its jobs, and ends it. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a master and a worker. */
export function startCluster(options: ClusterOptions): SparkCluster {
  const { id, folder, tags, address, spark } = options;
  const script = spawn('bash', [scriptPath('spark-cluster.sh'), id, folder, ...tags], {
    env: {
      ...process.env,
      SPARK_HOME: spark.sparkHome,
      JAVA_HOME: spark.javaHome,
      PYSPARK_PYTHON: spark.python,
      MARID: `${process.execPath} ${MARID}`,
      MARID_ADDRESS: address,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => script.once('close', () => resolve()));
  return {
    registered: registered(script, ended, id),
    stop: async () => {
      script.kill('SIGTERM');
      await ended;
    },
  };
}

/** Shows what the script prints; its first line says that the cluster is registered. */
function registered(script: ChildProcess, ended: Promise<void>, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    script.stdout?.setEncoding('utf8').on('data', (text: string) => {
      say(text.trim());
      resolve();
    });
    script.once('error', reject);
    void ended.then(() => reject(new Error(`the cluster ${id} ended before it was registered`)));
  });
}
