/** The keys of a control plane's configuration that are about the leader's tasks, and what must hold between them and others. */
import { z } from 'zod';
import type { DeadlinePolicy } from '../../core/job/deadline.js';
import type { ConfigProblem } from '../../core/configuration/engine-choice.js';
import { TASK_NAMES, type TaskSettings } from './leader/leader-task.js';
import { cronProblem } from './leader/schedule.js';

const DAY_MS = 86_400_000;

const milliseconds = (least: number): z.ZodNumber => z.number().int().min(least);
const cron = z.string().superRefine((text, context) => {
  const problem = cronProblem(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});
const task = z
  .strictObject({
    enabled: z.boolean().default(true),
    everyMs: milliseconds(100).optional(),
    cron: cron.optional(),
  })
  .refine(({ everyMs, cron: given }) => everyMs === undefined || given === undefined, {
    message: 'must have everyMs or cron, not both',
  });

/** The keys, each with a default. */
export const leaderKeys = {
  leaderTasks: z
    .partialRecord(z.enum(TASK_NAMES), task)
    .default({})
    .describe(
      'By name of a task (`marid leader`): enabled, and everyMs or cron (five fields, UTC) instead of its own.',
    ),
  acceptedDeadlineMs: milliseconds(1000)
    .nullable()
    .default(null)
    .describe('How long a job may wait for a worker before it fails; null: for ever.'),
  claimedDeadlineMs: milliseconds(90_000)
    .default(300_000)
    .describe('How long a claimed attempt may show no sign of life before it is given up and tried elsewhere.'),
  initDeadlineMs: milliseconds(10_000)
    .default(3_600_000)
    .describe('How long the preparation of an attempt may take before it is given up and tried elsewhere.'),
  timeoutGraceMs: milliseconds(10_000)
    .default(300_000)
    .describe('How long after its timeout the end of a job may stay unreported before the control plane kills it.'),
  killDeadlineMs: milliseconds(10_000)
    .default(900_000)
    .describe("How long a kill may stay unanswered before the job counts as killed; more than workers' killGraceMs."),
  jobRetentionMs: milliseconds(60_000)
    .default(90 * DAY_MS)
    .describe('How long jobs are kept after their end.'),
  archiveUnknownAfterMs: milliseconds(10_000)
    .default(2 * DAY_MS)
    .describe(
      "How long the archive of an attempt may be pending before it counts as unknown; more than workers' archiveDeadlineMs.",
    ),
  attachmentRetentionMs: milliseconds(60_000)
    .default(DAY_MS)
    .describe('How long attachments that no job names, and uploads that broke, are kept.'),
  maxEndedJobs: milliseconds(0)
    .nullable()
    .default(null)
    .describe('How many ended jobs are kept, the last ones; null: all, until jobRetentionMs.'),
  unusedRegistryMs: milliseconds(60_000)
    .nullable()
    .default(null)
    .describe('After how long without a job or a change registry entries are cleaned up; null: never.'),
  jobEventRetentionMs: milliseconds(60_000)
    .default(7 * DAY_MS)
    .describe('How long the records of marid.job-events are kept.'),
  jobEventRetentionRecords: milliseconds(1)
    .nullable()
    .default(null)
    .describe(
      'How many records of each partition of marid.job-events the embedded log keeps; null: all of their time.',
    ),
};

type LeaderConfig = z.output<z.ZodObject<typeof leaderKeys>>;

/** What does not hold between the keys. Keys that are wrong by themselves may be missing. */
export function leaderProblems(config: Partial<LeaderConfig & { readonly log: string }>): readonly ConfigProblem[] {
  const { unusedRegistryMs, jobRetentionMs, maxEndedJobs } = config;
  const problems: ConfigProblem[] = [];
  if (typeof unusedRegistryMs === 'number' && unusedRegistryMs > (jobRetentionMs ?? Infinity)) {
    const message = 'must be at most jobRetentionMs: jobs tell when an entry was last used';
    problems.push({ key: 'unusedRegistryMs', message });
  }
  if (typeof unusedRegistryMs === 'number' && typeof maxEndedJobs === 'number') {
    const message = 'cannot be set together with unusedRegistryMs: the jobs that tell the last use would be missing';
    problems.push({ key: 'maxEndedJobs', message });
  }
  if (config.log === 'kafka' && typeof config.jobEventRetentionRecords === 'number') {
    const message = 'has no effect, because log is kafka: set retention.bytes of the topic there';
    problems.push({ key: 'jobEventRetentionRecords', message });
  }
  return problems;
}

/** How long jobs may stay in each stage. A worker that does not answer a kill is fenced by the end of its lease, so no kill counts as done before. */
export function deadlinePolicyOf(config: LeaderConfig & { readonly leaseTtlMs: number }): DeadlinePolicy {
  return {
    ACCEPTED: config.acceptedDeadlineMs,
    CLAIMED: config.claimedDeadlineMs,
    INIT: config.initDeadlineMs,
    RUNNING: config.timeoutGraceMs,
    KILL: Math.max(config.killDeadlineMs, config.leaseTtlMs),
  };
}

/** What is configured about tasks, by name. */
export function taskSettingsOf({ leaderTasks }: LeaderConfig): Readonly<Partial<Record<string, TaskSettings>>> {
  return Object.fromEntries(
    Object.entries(leaderTasks).map(([name, { enabled, everyMs, cron: given }]) => {
      const interval = everyMs === undefined ? null : { everyMs };
      return [name, { enabled, schedule: given === undefined ? interval : { cron: given } }];
    }),
  );
}
