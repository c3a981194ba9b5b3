/** What jobs say of themselves, without Marid: each holds a lock while anything of it lives, and appends stamps to a file. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a job behaves. */
export interface JobBehaviour {
  /** Runs until the gate is opened. Default: until `seconds` have passed. */
  readonly gate?: string;
  /** Default: 0. */
  readonly seconds?: number;
  /** Default: 0. */
  readonly exitCode?: number;
  /** Ignores SIGTERM. Default: false. */
  readonly stubborn?: boolean;
  /** Has a child in a process group of its own. Default: false. */
  readonly grouped?: boolean;
}

/** A line of the ledger. `double`: the job started while something of it was alive. */
export interface Stamp {
  readonly kind: 'start' | 'end' | 'double';
  readonly jobId: string;
  readonly attempt: number;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Process number at the start, exit code at the end. */
  readonly value: number;
}

/** The ledger of one test. */
export class JobLedger {
  private readonly path: string;
  private readonly locks: string;
  private readonly gates: string;

  constructor(folder: string) {
    this.path = join(folder, 'ledger');
    this.locks = join(folder, 'locks');
    this.gates = join(folder, 'gates');
    for (const each of [this.locks, this.gates]) mkdirSync(each);
    appendFileSync(this.path, '');
  }

  /** The script of a job for `bash -c`. Every process of it inherits the descriptor that holds the lock. */
  script({ gate, seconds = 0, exitCode = 0, stubborn = false, grouped = false }: JobBehaviour): string {
    const wait =
      gate === undefined
        ? `sleep ${String(seconds)}`
        : `while ! test -e ${join(this.gates, gate)}; do sleep 0.05; done`;
    return `exec 9>>"${this.locks}/$GENIE_JOB_ID"
      stamp() { printf '%s %s %s %s %s\\n' "$1" "$GENIE_JOB_ID" "\${GENIE_JOB_DIR##*/}" "$EPOCHREALTIME" "$2" >>${this.path}; }
      flock -n 9 || { stamp double $$; exit 99; }
      ${stubborn ? "trap '' TERM" : ''}
      stamp start $$
      ${grouped ? 'timeout 600 sleep 600 & child=$!' : ''}
      ${wait}
      ${grouped ? 'until kill -KILL -- -$child; do sleep 0.02; done; wait' : ''}
      stamp end ${String(exitCode)}
      exit ${String(exitCode)}`;
  }

  /** Lets the jobs behind a gate end. */
  open(gate: string): void {
    writeFileSync(join(this.gates, gate), '');
  }

  /** Every stamp so far, in order. */
  stamps(): readonly Stamp[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1).map(decodeStamp);
  }

  /** Stamps of a kind. */
  of(kind: Stamp['kind']): readonly Stamp[] {
    return this.stamps().filter((stamp) => stamp.kind === kind);
  }

  /** Jobs of which a process lives. */
  alive(): readonly string[] {
    return readdirSync(this.locks).filter((jobId) => !isFree(join(this.locks, jobId)));
  }

  /** Times that each job was started. */
  starts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { jobId } of this.of('start')) counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
    return counts;
  }
}

function isFree(path: string): boolean {
  try {
    execFileSync('flock', ['-n', path, 'true']);
    return true;
  } catch {
    return false;
  }
}

function decodeStamp(line: string): Stamp {
  const [kind, jobId = '', attempt, at, value] = line.split(' ');
  if (kind !== 'start' && kind !== 'end' && kind !== 'double') throw new Error(`not a stamp: ${line}`);
  return { kind, jobId, attempt: Number(attempt), at: Number(at), value: Number(value) };
}
