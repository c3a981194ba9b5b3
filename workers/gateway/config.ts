/** Configuration of a worker: the keys of section `worker`, with defaults and limits. */
import { z } from 'zod';
import { choiceProblems } from '../../core/configuration/engine-choice.js';
import { kafkaProblems } from '../../core/configuration/kafka-keys.js';
import { S3_RULE } from '../../core/configuration/s3-keys.js';
import { archiveKeys } from './archive-config.js';
import { fetchKeys } from './fetch-config.js';
import { limitKeys } from './limit-config.js';
import { logKeys } from './log-config.js';
import { secretKeys } from './secrets-config.js';
import { userKeys } from './user-config.js';

const DAY_MS = 24 * 3600 * 1000;

/** Schema of the section `worker`. */
export const workerConfigSchema = z
  .strictObject({
    controlPlane: z
      .string()
      .min(1)
      .default('127.0.0.1:7070')
      .describe('Address of the control plane, host:port; of several, with commas between them.'),
    listen: z
      .string()
      .min(1)
      .default('127.0.0.1:0')
      .describe("Address of the worker's own gRPC server, host:port; port 0: a free one. The control plane calls it."),
    advertise: z
      .string()
      .regex(/^\S+:\d{1,5}$/, 'must be host:port')
      .nullable()
      .default(null)
      .describe(
        "Address by which control planes reach the worker, host:port; null: where it listens, by the machine's name if that is everywhere.",
      ),
    stateFolder: z
      .string()
      .min(1)
      .default('./marid-worker')
      .describe("Folder of the worker's identity, its launcher and its job folders; one worker process at a time."),
    pool: z.string().min(1).max(255).default('default').describe('Pool whose jobs the worker claims.'),
    memoryMb: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe("MiB that the jobs of the worker may reserve in all; null: 80 % of the machine's memory."),
    killGraceMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(10_000)
      .describe('Milliseconds between SIGTERM and SIGKILL when a job is killed.'),
    drainTimeoutMs: z
      .int()
      .min(0)
      .max(DAY_MS)
      .default(30_000)
      .describe(
        'Milliseconds that a stopping worker waits for its jobs; those left go on for the next worker process.',
      ),
    keepJobFoldersMs: z
      .int()
      .min(0)
      .default(3 * DAY_MS)
      .describe('Milliseconds that the folder of an attempt is kept after its end; 0: until it is archived.'),
    ...archiveKeys,
    ...limitKeys,
    ...fetchKeys,
    ...logKeys,
    ...secretKeys,
    ...userKeys,
  })
  .superRefine(
    (config, context) => {
      for (const { key, message } of [...kafkaProblems(config), ...choiceProblems(config, S3_RULE)]) {
        context.addIssue({ code: 'custom', path: [key], message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null }, // beside problems of single keys
  );

/** The configuration of a worker, checked and complete. */
export type WorkerConfig = Readonly<z.output<typeof workerConfigSchema>>;
