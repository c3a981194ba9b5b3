/** What really happened in a simulation: the checker's only source. */
import { createHash } from 'node:crypto';
import type { Job } from '../../core/job/job.js';
import type { ProcessExit } from '../../core/ports/launcher.js';

/** Something that happened. */
export type Happening =
  /** A fault begins or ends. */
  | { readonly kind: 'fault'; readonly what: string }
  /** A user's submit was acknowledged. */
  | { readonly kind: 'submitted'; readonly jobId: string }
  /** A user's kill was acknowledged. */
  | { readonly kind: 'kill-acknowledged'; readonly jobId: string }
  /** The store has a new revision of a job. */
  | { readonly kind: 'committed'; readonly job: Job }
  /** A job event was stored in the log. */
  | { readonly kind: 'published'; readonly jobId: string; readonly sequence: number }
  /** A launcher has started a process. */
  | { readonly kind: 'started'; readonly jobId: string; readonly attempt: number; readonly host: string }
  /** Nothing of a process is left. `exit` is what its launcher saw; `null`: nothing, because it was lost with its host or has outlived its launcher. */
  | {
      readonly kind: 'ended';
      readonly jobId: string;
      readonly attempt: number;
      readonly host: string;
      readonly exit: ProcessExit | null;
    }
  /** A launcher was told of a renewed lease. */
  | { readonly kind: 'renewed'; readonly host: string; readonly killInMs: number }
  /** A job waits although a worker has room for it. */
  | { readonly kind: 'idle-room'; readonly jobId: string; readonly host: string; readonly forMs: number }
  /** A host is lost for ever. */
  | { readonly kind: 'gone'; readonly host: string }
  /** The code under test threw what it should not. */
  | { readonly kind: 'defect'; readonly what: string };

/** A happening with its time, milliseconds of the simulation. */
export type Recorded = Happening & { readonly at: number };

/** Everything that happened, in order. */
export class History {
  readonly entries: Recorded[] = [];

  /** `listener` gets each happening as it is recorded. */
  constructor(
    private readonly now: () => number,
    private readonly listener: (happening: Happening) => void,
  ) {}

  record(happening: Happening): void {
    this.entries.push({ ...happening, at: this.now() });
    this.listener(happening);
  }

  /** The same for the same seed. */
  get hash(): string {
    const hash = createHash('sha256');
    for (const entry of this.entries) hash.update(lineOf(entry));
    return hash.digest('hex');
  }

  /** For people; only what concerns a job, and the faults, when `jobId` is given. */
  print(jobId: string | null = null): string {
    const wanted = this.entries.filter((entry) => jobId === null || entry.kind === 'fault' || jobIdOf(entry) === jobId);
    return wanted.map(lineOf).join('\n');
  }
}

function jobIdOf(entry: Recorded): string | null {
  if (entry.kind === 'committed') return entry.job.id;
  return 'jobId' in entry ? entry.jobId : null;
}

function lineOf(entry: Recorded): string {
  return `${entry.at.toFixed(3).padStart(12)} ${entry.kind.padEnd(18)} ${textOf(entry)}`;
}

function textOf(entry: Recorded): string {
  switch (entry.kind) {
    case 'fault':
    case 'defect':
      return entry.what;
    case 'submitted':
    case 'kill-acknowledged':
      return entry.jobId;
    case 'committed':
      return commitText(entry.job);
    case 'published':
      return `${entry.jobId} ${String(entry.sequence)}`;
    case 'started':
      return `${entry.jobId} attempt ${String(entry.attempt)} on ${entry.host}`;
    case 'ended':
      return `${entry.jobId} attempt ${String(entry.attempt)} on ${entry.host}: ${exitText(entry.exit)}`;
    case 'gone':
      return entry.host;
    case 'renewed':
      return `${entry.host} for ${String(entry.killInMs)} ms`;
    case 'idle-room':
      return `${entry.jobId} fits on ${entry.host} since ${String(entry.forMs)} ms`;
    default:
      return entry satisfies never;
  }
}

function commitText({ id, revision, status, reason, attempt, claim, kill, nextOfferAt }: Job): string {
  const owner = claim === null ? '' : ` ${claim.workerId} session ${claim.session.slice(-6)}`;
  const next = nextOfferAt === null ? '' : ` next offer ${String(nextOfferAt % 10_000_000)}`;
  const killed = kill === null ? '' : ' kill wished';
  return `${id} revision ${String(revision)} ${status} ${reason} attempt ${String(attempt)}${owner}${next}${killed}`;
}

function exitText(exit: ProcessExit | null): string {
  if (exit === null) return 'unseen';
  const { exitCode, signal } = exit.result;
  return `exit ${String(exitCode)} signal ${String(signal)} by ${exit.endedBy ?? 'itself'}`;
}
