/** How jobs, workers and registry entries look in tables. */
import { JobSchema, JobStatus, type Job } from '../proto/gen/marid/v1/job_pb.js';
import { WorkerSchema, WorkerState, type Worker } from '../proto/gen/marid/v1/fleet_service_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { CliContext } from './context.js';
import type { Entry, RegistryKind } from './kinds.js';
import { paintStatus, paletteFor } from './output/colour.js';
import type { Presentation } from './output/print.js';
import type { Column } from './output/table.js';
import { formatAge, formatLength } from './output/times.js';

/** Jobs. */
export function jobPresentation(context: CliContext): Presentation<typeof JobSchema> {
  const palette = paletteFor(context, context.stdout);
  const now = context.clock.now();
  const columns: readonly Column<Job>[] = [
    { title: 'ID', value: (job) => job.id },
    { title: 'NAME', value: (job) => (job.request?.name === job.id ? '' : (job.request?.name ?? '')) },
    { title: 'USER', value: (job) => job.request?.user ?? '' },
    { title: 'STATUS', value: (job) => JobStatus[job.status], paint: (text) => paintStatus(palette, text) },
    { title: 'COMMAND', value: (job) => job.command?.id ?? '' },
    { title: 'CLUSTER', value: (job) => job.cluster?.id ?? '' },
    { title: 'SUBMITTED', value: (job) => formatAge(job.createTime, now) },
    { title: 'RAN', value: (job) => runTime(job, now) },
  ];
  return { schema: JobSchema, id: (job) => job.id, columns };
}

/** How long a job's program has run; empty when it has not started. */
export function runTime(job: Job, now: number): string {
  if (job.startTime === undefined) return '';
  const end = job.endTime === undefined ? now : timestampMs(job.endTime);
  return formatLength(end - timestampMs(job.startTime));
}

/** Workers. */
export function workerPresentation(context: CliContext): Presentation<typeof WorkerSchema> {
  const palette = paletteFor(context, context.stdout);
  const now = context.clock.now();
  const columns: readonly Column<Worker>[] = [
    { title: 'ID', value: (worker) => worker.id },
    { title: 'POOL', value: (worker) => worker.pool },
    { title: 'HOST', value: (worker) => worker.host },
    { title: 'STATE', value: (worker) => WorkerState[worker.state], paint: (text) => paintStatus(palette, text) },
    { title: 'JOBS', value: (worker) => String(worker.runningJobs) },
    { title: 'FREE', value: (worker) => `${worker.memoryFreeMb}/${worker.memoryBudgetMb} MiB` },
    { title: 'RESERVED FOR', value: (worker) => worker.reservedJobId },
    { title: 'VERSION', value: (worker) => worker.version },
    { title: 'HEARD', value: (worker) => formatAge(worker.lastBeatTime, now) },
  ];
  return { schema: WorkerSchema, id: (worker) => worker.id, columns };
}

/** Columns of the registry's entries. */
export function entryColumns(context: CliContext, kind: RegistryKind): readonly Column<Entry>[] {
  const palette = paletteFor(context, context.stdout);
  const now = context.clock.now();
  return [
    { title: 'ID', value: (entry) => entry.id },
    { title: 'NAME', value: (entry) => entry.name },
    { title: 'VERSION', value: (entry) => entry.version },
    { title: 'STATUS', value: (entry) => kind.statusName(entry), paint: (text) => paintStatus(palette, text) },
    { title: 'USER', value: (entry) => entry.user },
    { title: 'CHANGED', value: (entry) => formatAge(entry.updateTime, now) },
    { title: 'TAGS', value: (entry) => entry.tags.join(',') },
  ];
}
