/** Looks at all processes of the machine: only `/proc` tells which there are. */
import type { Clock } from '../../../core/ports/clock.js';
import { listStats, readOutputs, readVariable, type ProcessStat } from './proc.js';

/** Variable that marks every process of a job; the `KEY` in it keeps it out of what Marid writes down of environments. */
export const MARK_VARIABLE = 'MARID_JOB_KEY';

/** After a look that took d, the next one waits for this times d: at most a fifth of a core. */
const REST_FACTOR = 4;
/** How long a look that nobody waits for may be put off, in milliseconds. */
const LATER_MS = 2000;

/** A process with its mark, `null` when it has none. */
export interface SurveyedProcess extends ProcessStat {
  readonly mark: string | null;
}

/** All live processes at a moment. */
export class Snapshot {
  private readonly byId: ReadonlyMap<number, SurveyedProcess>;
  private readonly byParent = new Map<number, SurveyedProcess[]>();
  private readonly outputs = new Map<number, readonly string[]>();

  constructor(readonly alive: readonly SurveyedProcess[]) {
    this.byId = new Map(alive.map((each) => [each.processId, each]));
    for (const each of alive) {
      const siblings = this.byParent.get(each.parentId);
      if (siblings === undefined) this.byParent.set(each.parentId, [each]);
      else siblings.push(each);
    }
  }

  /** Start of a process in ticks; `undefined` when there is none with this number. */
  ticksOf(processId: number): number | undefined {
    return this.byId.get(processId)?.startTicks;
  }

  /** Its children. */
  childrenOf(processId: number): readonly SurveyedProcess[] {
    return this.byParent.get(processId) ?? [];
  }

  /** Where its standard output and error go; asked once, when it matters. */
  outputsOf(processId: number): readonly string[] {
    const outputs = this.outputs.get(processId) ?? readOutputs(processId);
    this.outputs.set(processId, outputs);
    return outputs;
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
      this.restMs = (this.clock.monotonic() - startedAt) * REST_FACTOR;
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
