/** Looks at all processes of the machine: only `/proc` tells which there are. */
import type { Clock } from '../../../core/ports/clock.js';
import { listStats, readOutputs, readVariable, type ProcessStat } from './proc.js';

/** Variable that marks every process of a job; the `KEY` in it keeps it out of what Marid writes down of environments. */
export const MARK_VARIABLE = 'MARID_JOB_KEY';

/** After a look that took d, the next one waits for this times d: at most a fifth of a core. */
const REST_FACTOR = 4;
/** The longest such rest, in milliseconds: on a busy machine a look waits for its turn, and exits are told after looks. */
const LONGEST_REST_MS = 1000;
/** How long a look that nobody waits for may be put off, in milliseconds. */
const LATER_MS = 2000;

/** A process with its mark, `null` when it has none. */
export interface SurveyedProcess extends ProcessStat {
  readonly mark: string | null;
}

/** All live processes at a moment, with indexes that are made when they are asked for: many jobs ask one snapshot. */
export class Snapshot {
  private readonly byId: ReadonlyMap<number, SurveyedProcess>;
  private readonly indexes = new Map<string, ReadonlyMap<unknown, readonly SurveyedProcess[]>>();

  constructor(readonly alive: readonly SurveyedProcess[]) {
    this.byId = new Map(alive.map((each) => [each.processId, each]));
  }

  /** Start of a process in ticks; `undefined` when there is none with this number. */
  ticksOf(processId: number): number | undefined {
    return this.byId.get(processId)?.startTicks;
  }

  /** The process with this number. */
  get(processId: number): SurveyedProcess | undefined {
    return this.byId.get(processId);
  }

  /** Children of a process. */
  childrenOf(processId: number): readonly SurveyedProcess[] {
    return this.find('parent', processId, (each) => [each.parentId]);
  }

  /** Processes of a session. */
  inSession(session: number): readonly SurveyedProcess[] {
    return this.find('session', session, (each) => [each.session]);
  }

  /** Processes with a mark. */
  marked(mark: string): readonly SurveyedProcess[] {
    return this.find('mark', mark, (each) => [each.mark]);
  }

  /** Processes whose standard output or error is the file at the path. */
  writingTo(path: string): readonly SurveyedProcess[] {
    return this.find('output', path, (each) => readOutputs(each.processId));
  }

  private find(
    index: string,
    key: unknown,
    keysOf: (each: SurveyedProcess) => readonly unknown[],
  ): readonly SurveyedProcess[] {
    const found = this.indexes.get(index) ?? groupBy(this.alive, keysOf);
    this.indexes.set(index, found);
    return found.get(key) ?? [];
  }
}

/** Looks once for all who ask at about the same time; reads the environment of each process once. */
export class Survey {
  private next: Promise<Snapshot> | null = null;
  private later: Promise<Snapshot> | null = null;
  private restMs = 0;
  private known: ReadonlyMap<number, SurveyedProcess> = new Map();

  constructor(private readonly clock: Clock) {}

  /** A look that begins after the call. */
  look(): Promise<Snapshot> {
    this.next ??= this.clock.sleep(this.restMs).then(() => {
      this.next = null;
      const startedAt = this.clock.monotonic();
      const snapshot = this.lookNow();
      this.restMs = Math.min(LONGEST_REST_MS, (this.clock.monotonic() - startedAt) * REST_FACTOR);
      return snapshot;
    });
    return this.next;
  }

  /** The same within the next seconds. */
  lookLater(): Promise<Snapshot> {
    this.later ??= this.clock.sleep(LATER_MS).then(() => {
      this.later = null;
      return this.look();
    });
    return this.later;
  }

  /** A look at this moment. */
  lookNow(): Snapshot {
    const alive = listStats()
      .filter(({ state }) => state !== 'Z' && state !== 'X')
      .map((stat) => ({ ...stat, mark: this.markOf(stat) }));
    this.known = new Map(alive.map((each) => [each.processId, each]));
    return new Snapshot(alive);
  }

  /** A process has its mark from its parent, so it has it from its first look on, or never. */
  private markOf({ processId, startTicks }: ProcessStat): string | null {
    const known = this.known.get(processId);
    return known?.startTicks === startTicks ? known.mark : readVariable(processId, MARK_VARIABLE);
  }
}

function groupBy<T>(all: readonly T[], keysOf: (each: T) => readonly unknown[]): ReadonlyMap<unknown, readonly T[]> {
  const groups = new Map<unknown, T[]>();
  for (const each of all) {
    for (const key of keysOf(each)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [each]);
      else group.push(each);
    }
  }
  return groups;
}
