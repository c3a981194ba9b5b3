import { describe, expect, test } from '@jest/globals';
import { JobTree } from '../../../../../infra/process/launcher/job-tree.js';
import { Snapshot, type SurveyedProcess } from '../../../../../infra/process/launcher/survey.js';

/** Numbers that no process has. */
const BASE = 2 ** 22;

/** A process that began at `startTicks`, in a session and group of its own unless told otherwise. */
function made(id: number, changes: Partial<SurveyedProcess> = {}): SurveyedProcess {
  const processId = BASE + id;
  const own = { processId, state: 'S', parentId: 1, group: processId, session: processId };
  return { ...own, cpuTimeMs: 0, startTicks: 100 + id, mark: null, ...changes };
}

const leader = made(1, { mark: 'm/1/a' });
const tree = (): JobTree =>
  new JobTree({ leader: leader.processId, startTicks: leader.startTicks, mark: 'm/1/a', outputs: [] });
const idsIn = (found: JobTree, ...alive: readonly SurveyedProcess[]): readonly number[] =>
  found
    .look(new Snapshot(alive), false)
    .map(({ processId }) => processId - BASE)
    .sort((a, b) => a - b);

describe('JobTree', () => {
  test('has the session, the marked, and the descendants of all of them', () => {
    const alive = [
      leader,
      made(2, { session: leader.session }),
      made(3, { mark: 'm/1/a' }),
      made(4, { parentId: BASE + 3 }),
      made(5, { parentId: BASE + 4 }),
      made(6),
      made(7, { mark: 'm/1/ab' }),
      made(8, { parentId: BASE + 6 }),
    ];
    expect(idsIn(tree(), ...alive)).toEqual([1, 2, 3, 4, 5]);
  });

  test('does not take others of a session that it shares, nor lose its own that leave it', () => {
    const shared = BASE + 20;
    const program = made(1, { session: shared, mark: 'm' });
    const root = { leader: program.processId, startTicks: program.startTicks, mark: 'm', outputs: [] };
    const found = new JobTree({ ...root, sharedSession: shared });
    const alive = [
      program,
      made(20, { session: shared }),
      made(3, { session: shared, mark: 'm' }),
      made(4, { mark: 'm' }),
    ];
    expect(idsIn(found, ...alive)).toEqual([1, 3, 4]);
    expect(idsIn(found, ...alive)).toEqual([1, 3, 4]);
  });

  test('keeps what it has found once, and the sessions of that, when their parents have gone', () => {
    const found = tree();
    const bare = made(4, { parentId: leader.processId });
    expect(idsIn(found, leader, bare)).toEqual([1, 4]);
    const orphan = { ...bare, parentId: 1 };
    const child = made(9, { session: bare.session });
    expect(idsIn(found, orphan, child)).toEqual([4, 9]);
    expect(idsIn(found, child)).toEqual([9]);
  });

  test('leaves alone a later process that has the number of the leader, or of one that was found', () => {
    const found = tree();
    expect(idsIn(found, leader, made(4, { parentId: leader.processId }))).toEqual([1, 4]);
    const others = [
      made(1, { startTicks: 999 }),
      made(4, { startTicks: 999 }),
      made(5, { session: leader.session }),
      made(6, { session: BASE + 4 }),
    ];
    expect(idsIn(found, ...others)).toEqual([]);
  });

  test('says when something has left the group of the leader', () => {
    const found = tree();
    idsIn(found, leader, made(2, { session: leader.session, group: leader.group }));
    expect(found.strayed).toBe(false);
    idsIn(found, leader, made(2, { session: leader.session }));
    expect(found.strayed).toBe(true);
  });
});
