/** The story of a job, for people. */
import { durationMs, timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import type { Criterion } from '../../proto/gen/marid/v1/criterion_pb.js';
import {
  ArchiveStatus,
  JobStatus,
  type Attempt,
  type ExitResult,
  type JobLimits,
  type Job,
  type ResourceReference,
  type Transition,
} from '../../proto/gen/marid/v1/job_pb.js';
import { paintStatus, type Palette } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { formatPairs, formatTable } from '../output/table.js';
import { formatAge, formatBytes, formatDuration, formatLength, formatTime } from '../output/times.js';

/** What to describe. */
export interface JobStory {
  readonly job: Job;
  /** Where it is and why, in short. */
  readonly summary: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What was asked, what matched, what happened, the attempts, where it is, the result. */
export function describeJob({ job, summary, now }: JobStory, palette: Palette): string {
  const status = paintStatus(palette, JobStatus[job.status]);
  const reason = job.message === '' ? '' : `: ${escapeText(job.message)}`;
  const sections = [
    section('Asked', formatPairs(askedPairs(job, now))),
    section('Matched', formatPairs(matchedPairs(job))),
    section('Story', formatStory(job)),
    section('Attempts', formatFailures(job) + job.attempts.map((attempt) => formatAttempt(attempt)).join('')),
    section('Now', job.endTime === undefined ? `${escapeText(summary)}\n` : ''),
    section('Result', formatPairs(resultPairs(job.result, ranOf(job.attempts.at(-1))))),
  ];
  return `Job ${escapeText(job.id)} is ${status}${reason}\n${sections.join('')}`;
}

function section(title: string, body: string): string {
  if (body === '') return '';
  return `\n${title}\n${body.replace(/^(?=.)/gm, '  ')}`;
}

function askedPairs(job: Job, now: number): readonly (readonly [string, string])[] {
  const { request } = job;
  if (request === undefined) return [];
  const age = formatAge(job.createTime, now);
  return [
    ['Name', request.name === job.id ? '' : request.name],
    ['Version', request.version],
    ['Description', request.description],
    ['User', request.group === '' ? request.user : `${request.user} (group ${request.group})`],
    ['Submitted', `${formatTime(job.createTime)} (${age})`],
    ['Copy of', job.parentJobId],
    ['Command', request.commandCriterion === undefined ? '' : formatCriterion(request.commandCriterion)],
    ['Cluster', request.clusterCriteria.map(formatCriterion).join(', else ')],
    ['Applications', request.applicationIds.join(', ')],
    ['Arguments', request.arguments.map(quote).join(' ')],
    ['Raw arguments', request.rawArguments],
    [
      'Environment',
      Object.entries(request.environment)
        .map(([name, value]) => `${name}=${quote(value)}`)
        .join(' '),
    ],
    [
      'Files',
      [...request.configs, ...request.dependencies, ...request.unpack, request.setupFile]
        .filter((uri) => uri !== '')
        .join(', '),
    ],
    ['Timeout', request.timeout === undefined ? '' : formatLength(durationMs(request.timeout))],
    ['Limits', formatLimits(request.limits)],
    ['Attempts allowed', request.maxAttempts > 1 ? String(request.maxAttempts) : ''],
    ['Pool', request.pool],
    ['Times of output', request.recordOutputTimes ? 'recorded' : ''],
    ['Tags', request.tags.join(', ')],
    ['Attachments', request.attachments.map(({ name, sizeBytes }) => `${name} (${formatBytes(sizeBytes)})`).join(', ')],
    [
      'Archive',
      request.archive?.disabled === true
        ? 'none'
        : (request.archive?.excludes ?? []).map((each) => `without ${each}`).join(', '),
    ],
    ['Grouping', [request.grouping, request.groupingInstance].filter((label) => label !== '').join(' / ')],
  ];
}

function formatLimits(limits: JobLimits | undefined): string {
  if (limits === undefined) return '';
  const { cpuTime, openFiles, processes, fileMb, folderMb, folderFiles } = limits;
  const parts = [
    cpuTime === undefined ? '' : `CPU time ${formatLength(durationMs(cpuTime))}`,
    openFiles === 0 ? '' : `${openFiles} open files`,
    processes === 0 ? '' : `${processes} processes`,
    fileMb === 0 ? '' : `${fileMb} MiB in a file`,
    folderMb === 0 ? '' : `${folderMb} MiB in the directory`,
    folderFiles === 0 ? '' : `${folderFiles} files in the directory`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function matchedPairs(job: Job): readonly (readonly [string, string])[] {
  return [
    ['Command', formatReference(job.command)],
    ['Cluster', formatReference(job.cluster)],
    ['Applications', job.applications.map(formatReference).join(', ')],
    ['Memory', job.memoryMb === 0 ? '' : `${job.memoryMb} MiB`],
  ];
}

/** Each transition with its time, and how long after the one before it came. */
function formatStory(job: Job): string {
  if (job.history.length === 0) return '';
  const rows = job.history.map((step, index) => ({ step, before: job.history[index - 1] }));
  return formatTable(
    [
      { title: 'TIME', value: ({ step }) => formatTime(step.time) },
      { title: 'AFTER', value: ({ step, before }) => lengthBetween(before?.time, step.time) },
      { title: 'STATUS', value: ({ step }) => JobStatus[step.to] },
      { title: 'TRY', value: ({ step }) => (step.attempt === 0 ? '' : String(step.attempt)) },
      { title: 'BY', value: ({ step }) => step.actor },
      { title: 'WHY', value: ({ step }) => whyOf(step) },
    ],
    rows,
  );
}

function whyOf(step: Transition): string {
  return [step.reason, step.message].filter((part) => part !== '').join(': ');
}

/** The job's own failures and the infrastructure's, which are counted apart. */
function formatFailures(job: Job): string {
  const own = job.attempts.filter((each) => each.outcome === JobStatus.FAILED && !each.infrastructureFailure).length;
  const others = job.attempts.filter((attempt) => attempt.infrastructureFailure).length;
  if (own + others === 0) return '';
  const allowed = Math.max(1, job.request?.maxAttempts ?? 1);
  return `Failures: ${own} of its own, of ${allowed} allowed; ${others} of the infrastructure\n`;
}

function ranOf(attempt: Attempt | undefined): string {
  return attempt === undefined ? '' : lengthBetween(attempt.startTime, attempt.endTime);
}

function formatAttempt(attempt: Attempt): string {
  const outcome = attempt.outcome === JobStatus.UNSPECIFIED ? '' : JobStatus[attempt.outcome];
  const kind = attempt.infrastructureFailure ? ' (the infrastructure failed, not the job)' : '';
  const head = `Attempt ${attempt.number} on ${escapeText(attempt.workerId)} (${escapeText(attempt.host)})\n`;
  const pairs = formatPairs([
    ['Claimed', formatTime(attempt.claimTime)],
    ['Prepared', lengthBetween(attempt.claimTime, attempt.startTime)],
    ['Steps', attempt.stages.map(({ name, duration }) => `${name} ${formatDuration(duration)}`).join(', ')],
    ['Ran', ranOf(attempt)],
    ['Ended', formatTime(attempt.endTime)],
    ['Outcome', [outcome, attempt.reason, attempt.message].filter((part) => part !== '').join(': ') + kind],
    ['Archive', formatArchive(attempt)],
    ...resultPairs(attempt.result, ''),
  ]);
  return head + pairs.replace(/^(?=.)/gm, '  ');
}

function formatArchive({ archiveStatus, archiveMessage }: Attempt): string {
  if (archiveStatus === ArchiveStatus.UNSPECIFIED) return '';
  return [ArchiveStatus[archiveStatus], archiveMessage].filter((part) => part !== '').join(': ');
}

function resultPairs(result: ExitResult | undefined, ran: string): readonly (readonly [string, string])[] {
  if (result === undefined) return [];
  return [
    ['Exit code', result.exitCode === undefined ? '' : String(result.exitCode)],
    ['Signal', result.signal],
    ['Ran', ran],
    ['Output', `${formatBytes(result.stdoutBytes)} on stdout, ${formatBytes(result.stderrBytes)} on stderr`],
    ['Peak memory', result.peakMemoryBytes === 0n ? '' : formatBytes(result.peakMemoryBytes)],
    ['Processor time', formatDuration(result.cpuTime)],
    [
      'Read, written',
      result.bytesRead + result.bytesWritten === 0n
        ? ''
        : `${formatBytes(result.bytesRead)}, ${formatBytes(result.bytesWritten)}`,
    ],
    ['Process', result.processId === 0 ? '' : String(result.processId)],
  ];
}

function formatCriterion(criterion: Criterion): string {
  const { id, name, version, status, tags } = criterion;
  const parts = [
    ['ID', id],
    ['NAME', name],
    ['VERSION', version],
    ['STATUS', status],
    ['TAGS', tags.join(',')],
  ] as const;
  return parts
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`)
    .join('/');
}

function formatReference(reference: ResourceReference | undefined): string {
  if (reference === undefined) return '';
  const { id, name, version } = reference;
  return [id, name === id || name === '' ? '' : `"${name}"`, version].filter((part) => part !== '').join(' ');
}

function lengthBetween(from: Timestamp | undefined, to: Timestamp | undefined): string {
  return from === undefined || to === undefined ? '' : formatLength(timestampMs(to) - timestampMs(from));
}

/** As a shell would need it, so that it can be copied. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
