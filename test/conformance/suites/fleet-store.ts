/** What every `FleetStore` does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import type { TaskControl, TaskRun } from '../../../core/fleet/worker-record.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import { makeWorker, uniqueName } from '../../support/job-fixtures.js';

/** A store under test. */
export interface FleetStoreHarness {
  readonly store: FleetStore;
  close(): Promise<void>;
}

/** Runs the suite. `open` gives a store that it may keep for all tests. */
export function fleetStoreSuite(product: string, open: () => Promise<FleetStoreHarness>): void {
  describe(`FleetStore: ${product}`, () => {
    let harness: FleetStoreHarness;
    let store: FleetStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    afterAll(() => harness.close());

    test('a worker is added once and then replaced revision by revision', async () => {
      const worker = makeWorker();
      expect(await store.getWorker({ id: worker.id })).toBeNull();
      expect(await store.putWorker({ worker })).toBe(true);
      expect(await store.putWorker({ worker: { ...worker, host: 'other' } })).toBe(false);
      expect(await store.getWorker({ id: worker.id })).toEqual(worker);
      const reservation = { jobId: 'j', memoryMb: 5, since: 7 };
      const draining = { ...worker, revision: 2, draining: true, reservation };
      expect(await store.putWorker({ worker: draining })).toBe(true);
      expect(await store.putWorker({ worker: { ...draining, revision: 4 } })).toBe(false);
      expect(await store.getWorker({ id: worker.id })).toEqual(draining);
    });

    test('a later revision of a worker that is not there is refused', async () => {
      const worker = makeWorker({ revision: 2 });
      expect(await store.putWorker({ worker })).toBe(false);
      expect(await store.getWorker({ id: worker.id })).toBeNull();
    });

    test('of many concurrent puts of one revision exactly one wins', async () => {
      const worker = makeWorker();
      await store.putWorker({ worker });
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.putWorker({ worker: { ...worker, revision: 2, session: String(index) } }),
        ),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect((await store.getWorker({ id: worker.id }))?.session).toBe(String(results.indexOf(true)));
    });

    test('listWorkers gives them all, and purgeWorkers removes the named ones that were last seen before a time', async () => {
      const at = randomInt(1_000_000, 1_000_000_000);
      const [old, other, later] = [
        makeWorker({ seenAt: at }),
        makeWorker({ seenAt: at }),
        makeWorker({ seenAt: at + 1 }),
      ];
      for (const worker of [old, later, other]) await store.putWorker({ worker });
      const listed = await store.listWorkers();
      expect(listed).toContainEqual(old);
      expect(listed).toContainEqual(later);
      expect(await store.purgeWorkers({ ids: [], seenBefore: at + 1 })).toBe(0);
      expect(await store.purgeWorkers({ ids: [old.id, later.id], seenBefore: at + 1 })).toBe(1);
      expect(await store.getWorker({ id: old.id })).toBeNull();
      expect(await store.getWorker({ id: later.id })).toEqual(later);
      expect(await store.getWorker({ id: other.id })).toEqual(other);
      expect(await store.putWorker({ worker: old })).toBe(true);
    });

    test('terms of a name grow and are never given twice', async () => {
      const name = uniqueName('leader');
      const terms = await Promise.all(Array.from({ length: 20 }, () => store.nextTerm({ name })));
      expect(new Set(terms).size).toBe(20);
      const first = await store.nextTerm({ name });
      expect(first).toBeGreaterThan(Math.max(...terms));
      expect(await store.nextTerm({ name })).toBeGreaterThan(first);
    });

    test('the last run of each task is kept', async () => {
      const run: TaskRun = {
        name: uniqueName('task'),
        startedAt: 1,
        durationMs: 2,
        succeeded: true,
        outcome: 'did nothing',
        leader: 'control-plane-1',
        term: 3,
        answered: 4,
      };
      const failed = { ...run, startedAt: 5, succeeded: false };
      const other = { ...run, name: uniqueName('task') };
      for (const each of [run, other, failed]) await store.putTaskRun({ run: each });
      const runs = (await store.listTaskRuns()).filter((each) => [run.name, other.name].includes(each.name));
      expect(runs.toSorted((a, b) => b.startedAt - a.startedAt)).toEqual([failed, other]);
    });

    test('what was asked of a task is added once and then replaced revision by revision', async () => {
      const control: TaskControl = { name: uniqueName('task'), revision: 1, paused: true, requests: 0 };
      const other = { ...control, name: uniqueName('task') };
      expect(await store.putTaskControl({ control: { ...control, revision: 2 } })).toBe(false);
      expect(await store.putTaskControl({ control })).toBe(true);
      expect(await store.putTaskControl({ control: other })).toBe(true);
      const asked = { ...control, revision: 2 };
      const results = await Promise.all(
        [1, 2, 3].map((requests) => store.putTaskControl({ control: { ...asked, requests } })),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      const listed = (await store.listTaskControls()).filter(({ name }) => [control.name, other.name].includes(name));
      expect(listed).toHaveLength(2);
      expect(listed).toContainEqual({ ...asked, requests: results.indexOf(true) + 1 });
    });
  });
}
