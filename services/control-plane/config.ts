/** Configuration of a control plane: the `controlPlane` section of the file. */
import { z } from 'zod';
import { engineKeys, engineProblems } from './engine-config.js';
import { leaderKeys, leaderProblems } from './leader-config.js';

const milliseconds = (least: number): z.ZodNumber => z.number().int().min(least);
const mebibytes = z.number().int().min(1).max(2_147_483_647);
/** Each submit rewrites the user's list of active jobs, so it must not get too long. */
const activeJobs = z.number().int().min(0).max(10_000).nullable();
const selectorName = z.enum(['random', 'least-loaded', 'weighted']);

/** Schema of the section; every key has a default. */
export const controlPlaneConfigSchema = z
  .strictObject({
    listen: z
      .string()
      .regex(/^.+:\d{1,5}$/, 'must be host:port')
      .default('127.0.0.1:7070')
      .describe('Address of the gRPC server, host:port; port 0 takes a free one.'),
    metricsListen: z
      .string()
      .regex(/^.+:\d{1,5}$/, 'must be host:port')
      .nullable()
      .default(null)
      .describe(
        'Address where GET /metrics gives measurements in the format of Prometheus, host:port; null: nowhere. Whoever reaches it may read, so take a loopback address or one of your own network.',
      ),
    dataFolder: z
      .string()
      .min(1)
      .default('./marid-data')
      .describe('Folder of the embedded engines: marid.db and blobs are in it. `:memory:` keeps nothing.'),
    partitions: z
      .number()
      .int()
      .min(1)
      .max(1024)
      .nullable()
      .default(null)
      .describe(
        'Partitions of each topic, among which the members of a consumer group share it; may grow, never shrink. null: 8; with the embedded log 1 for each topic but those of the pools.',
      ),
    pools: z
      .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be letters, digits, `.`, `_` or `-`'))
      .min(1)
      .default(['default'])
      .describe('Worker pools that jobs may ask for.'),
    defaultMemoryMb: mebibytes.default(1500).describe('MiB that a job reserves when neither it nor its command says.'),
    maxMemoryMb: mebibytes.nullable().default(null).describe('Most MiB that a job may ask for; null: no limit.'),
    maxAttachmentMb: mebibytes.max(4096).default(100).describe('Most MiB of a file that is uploaded for jobs.'),
    maxJobAttachmentsMb: mebibytes.default(500).describe('Most MiB of all uploaded files of a job.'),
    maxActiveJobsPerUser: activeJobs
      .default(null)
      .describe('Most jobs of a user that have not ended; a submit beyond it is refused. Null: no limit.'),
    maxActiveJobsByUser: z
      .record(z.string().min(1), activeJobs)
      .default({})
      .describe('The same for single users, by name; null: no limit for that user.'),
    defaultTimeoutMs: milliseconds(1000).default(604_800_000).describe('Longest run time of a job that does not say.'),
    leaseTtlMs: milliseconds(4000)
      .max(3_600_000)
      .default(120_000)
      .describe(
        'How long a worker keeps its jobs after its last renewal; they are killed at 0.8 of it. Below 60,000, a busy machine is enough to end jobs.',
      ),
    leaseGraceMs: milliseconds(1000)
      .default(15_000)
      .describe(
        'How much longer than its lease nothing is heard of a worker before its jobs are given up; more than the clocks of control planes differ.',
      ),
    expiryWarmUpMs: milliseconds(0)
      .default(60_000)
      .describe('How long a new leader gives up no worker; at least half of leaseTtlMs.'),
    heartbeatIntervalMs: milliseconds(100).default(5000).describe('How often workers beat.'),
    offerAfterMs: milliseconds(100)
      .default(2000)
      .describe('After how long an accepted job is offered again the first time.'),
    reserveAfterMs: milliseconds(100)
      .default(120_000)
      .describe(
        'After how long a waiting job gets a worker reserved, which then claims nothing else until the job fits.',
      ),
    reserveAfterOffers: z
      .number()
      .int()
      .min(1)
      .default(3)
      .describe('After how many offers in vain a waiting job gets a worker reserved, if that is sooner.'),
    commandSelector: selectorName.default('random').describe('How one of several matching commands is chosen.'),
    clusterSelector: selectorName.default('random').describe('How one of several matching clusters is chosen.'),
    maxInfrastructureFailures: z
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(5)
      .describe('How many attempts of a job the infrastructure may fail before the job fails.'),
    ...leaderKeys,
    ...engineKeys,
  })
  .refine((config) => config.heartbeatIntervalMs * 4 <= config.leaseTtlMs, {
    path: ['heartbeatIntervalMs'],
    message: 'must be at most a quarter of leaseTtlMs',
  })
  .superRefine(
    (config, context) => {
      for (const { key, message } of [...engineProblems(config), ...leaderProblems(config)]) {
        context.addIssue({ code: 'custom', path: [key], message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null }, // beside problems of single keys
  );

/** Resolved configuration of a control plane. */
export type ControlPlaneConfig = Readonly<z.output<typeof controlPlaneConfigSchema>>;

export { allowsSeveral } from './engine-config.js';
