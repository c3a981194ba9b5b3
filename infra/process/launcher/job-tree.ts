/**
 * Which processes are of a job. Its leader's session is, and what has the job's mark in its environment; what was found once stays found, and so are its
 * descendants and the sessions they make. So a process that leaves the session and the group, and one whose parent has ended, is found by its mark; one that also empties its
 * environment, if it was seen while its parent lived, or writes to the job's output.
 */
import type { AttemptReference } from '../../../core/job/job.js';
import { childrenOf, readStat, type ProcessStat } from './proc.js';
import type { Snapshot, SurveyedProcess } from './survey.js';

const NOBODY: ReadonlyMap<number, ProcessStat> = new Map();

/** What is known of a job's processes from the start. */
export interface TreeRoot {
  /** Process number of the leader, which names the session; `null` when it is not known. */
  readonly leader: number | null;
  /** Start of the leader in ticks: a process that started at another time has its number only. */
  readonly startTicks: number | null;
  /** Value of the mark; `null`: it has none. */
  readonly mark: string | null;
  /** Where its output goes: regular files, which belong to one job. */
  readonly outputs: readonly string[];
  /** Session that it shares with processes which are not of the job, as a program in somebody's terminal does. Absent: none. */
  readonly sharedSession?: number;
}

/** The mark of an attempt. `owner`: see `ProcessTableOptions`. */
export function markOf(owner: string, { jobId, attempt }: AttemptReference): string {
  return `${owner}/${String(attempt)}/${jobId}`;
}

/** The processes of a job, as they were found. */
export class JobTree {
  readonly root: TreeRoot;
  /** Live members of the last look, by number. */
  private members: ReadonlyMap<number, ProcessStat> = NOBODY;
  /** Start of the leader of each session that members are in, if it was seen. */
  private sessions: ReadonlyMap<number, number | null>;

  constructor(root: TreeRoot) {
    this.root = root;
    this.sessions = new Map(root.leader === null ? [] : [[root.leader, root.startTicks]]);
  }

  /** Live members of the last look. */
  get found(): readonly ProcessStat[] {
    return [...this.members.values()];
  }

  /** Members of the last look that have left the leader's group. */
  get strayed(): boolean {
    return this.found.some(({ group }) => group !== this.root.leader);
  }

  /** Finds the live members. `thorough` also asks where each process's output goes. */
  look(snapshot: Snapshot, thorough: boolean): readonly ProcessStat[] {
    const own = this.ownIn(snapshot, thorough).filter(({ processId }) => processId !== process.pid);
    const found = new Map<number, ProcessStat>(own.map((each) => [each.processId, each]));
    const queue = [...found.keys()];
    for (let parent = queue.pop(); parent !== undefined; parent = queue.pop()) {
      for (const child of snapshot.childrenOf(parent)) {
        if (found.has(child.processId)) continue;
        found.set(child.processId, child);
        queue.push(child.processId);
      }
    }
    this.members = found;
    this.sessions = this.sessionsOf(snapshot);
    return this.found;
  }

  /** Notices the children that known members have by now; cheap, and misses those of other threads and of parents that have ended. At most `most` members are of interest. */
  lookNear(most = Number.POSITIVE_INFINITY): readonly ProcessStat[] {
    const members = new Map<number, ProcessStat>();
    const { leader } = this.root;
    const queue = [...this.members.keys(), ...(leader === null ? [] : [leader])];
    for (let id = queue.pop(); id !== undefined && members.size < most; id = queue.pop()) {
      const stat = members.has(id) ? null : readStat(id);
      if (stat === null || !this.isStill(stat)) continue;
      members.set(id, stat);
      queue.push(...childrenOf(id));
    }
    this.members = members;
    return this.found;
  }

  /** Whether a process is the one that has had its number when it was found. */
  private isStill({ processId, startTicks, state }: ProcessStat): boolean {
    const { leader, startTicks: leaderTicks } = this.root;
    const known = this.members.get(processId)?.startTicks ?? (processId === leader ? leaderTicks : startTicks);
    return known === startTicks && state !== 'Z' && state !== 'X';
  }

  /** Processes that are of the job by themselves, whoever their parents are. */
  private ownIn(snapshot: Snapshot, thorough: boolean): readonly SurveyedProcess[] {
    const { mark, outputs } = this.root;
    const known = [...this.members.values()].flatMap(({ processId, startTicks }) => {
      const now = snapshot.get(processId);
      return now?.startTicks === startTicks ? [now] : [];
    });
    // The number of a session is not given again while it has members: another process with it says that none of this one is left.
    const sessions = [...this.sessions].filter(([id, ticks]) => (snapshot.ticksOf(id) ?? ticks) === ticks);
    return [
      ...known,
      ...(mark === null ? [] : snapshot.marked(mark)),
      ...sessions.flatMap(([id]) => snapshot.inSession(id)),
      ...(thorough ? outputs.flatMap((path) => snapshot.writingTo(path)) : []),
    ];
  }

  private sessionsOf(snapshot: Snapshot): ReadonlyMap<number, number | null> {
    const { leader, startTicks } = this.root;
    const own = this.found.filter(({ session }) => session !== this.root.sharedSession);
    const theirs = own.map(
      ({ session }) => [session, snapshot.ticksOf(session) ?? this.sessions.get(session) ?? null] as const,
    );
    return new Map([...theirs, ...(leader === null ? [] : [[leader, startTicks] as const])]);
  }
}
