/** What every `RegistryStore` does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import type { ResourceKind } from '../../../core/registry/resource.js';
import { makeApplication, makeCluster, makeCommand, makeCriterion, uniqueName } from '../../support/job-fixtures.js';

/** A store under test. */
export interface RegistryStoreHarness {
  readonly store: RegistryStore;
  close(): Promise<void>;
}

/** Runs the suite. `open` gives a store that it may keep for all tests. */
export function registryStoreSuite(product: string, open: () => Promise<RegistryStoreHarness>): void {
  describe(`RegistryStore: ${product}`, () => {
    let harness: RegistryStoreHarness;
    let store: RegistryStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    afterAll(() => harness.close());

    test('entries of each kind come back as they were put in', async () => {
      const application = makeApplication({ metadata: { a: [1, { b: null }] }, setupFile: 's3://b/k' });
      const command = makeCommand({ clusterCriteria: [makeCriterion({ tags: ['x'] })], memoryMb: 7 });
      const cluster = makeCluster({ name: 'zwölf "🦊"' });
      expect(await store.insert({ kind: 'application', resource: application })).toBe(true);
      expect(await store.insert({ kind: 'command', resource: command })).toBe(true);
      expect(await store.insert({ kind: 'cluster', resource: cluster })).toBe(true);
      expect(await store.get({ kind: 'application', id: application.id })).toEqual(application);
      expect(await store.get({ kind: 'command', id: command.id })).toEqual(command);
      expect(await store.get({ kind: 'cluster', id: cluster.id })).toEqual(cluster);
      expect(await store.get({ kind: 'cluster', id: command.id })).toBeNull();
    });

    test('an id is taken within its kind only', async () => {
      const id = uniqueName('id');
      expect(await store.insert({ kind: 'cluster', resource: makeCluster({ id }) })).toBe(true);
      expect(await store.insert({ kind: 'cluster', resource: makeCluster({ id, name: 'second' }) })).toBe(false);
      expect(await store.insert({ kind: 'command', resource: makeCommand({ id }) })).toBe(true);
      expect((await store.get({ kind: 'cluster', id }))?.name).toBe('a cluster');
    });

    test('replace needs the revision before; of many at once one wins', async () => {
      const cluster = makeCluster();
      await store.insert({ kind: 'cluster', resource: cluster });
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.replace({ kind: 'cluster', resource: { ...cluster, revision: 2, name: String(index) } }),
        ),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect((await store.get({ kind: 'cluster', id: cluster.id }))?.name).toBe(String(results.indexOf(true)));
      expect(await store.replace({ kind: 'cluster', resource: { ...cluster, revision: 5 } })).toBe(false);
      const absent = makeCluster({ revision: 2 });
      expect(await store.replace({ kind: 'cluster', resource: absent })).toBe(false);
      expect(await store.get({ kind: 'cluster', id: absent.id })).toBeNull();
    });

    test('delete needs the current revision', async () => {
      const command = makeCommand();
      await store.insert({ kind: 'command', resource: command });
      expect(await store.delete({ kind: 'command', id: command.id, revision: 2 })).toBe(false);
      expect(await store.delete({ kind: 'command', id: command.id, revision: 1 })).toBe(true);
      expect(await store.delete({ kind: 'command', id: command.id, revision: 1 })).toBe(false);
      expect(await store.get({ kind: 'command', id: command.id })).toBeNull();
    });

    test('every write that succeeds raises the revision, and no other', async () => {
      const cluster = makeCluster();
      const raised = async (write: () => Promise<unknown>): Promise<boolean> => {
        const before = await store.revision();
        await write();
        return (await store.revision()) > before;
      };
      const replace = (revision: number) => () =>
        store.replace({ kind: 'cluster', resource: { ...cluster, revision } });
      const remove = () => store.delete({ kind: 'cluster', id: cluster.id, revision: 2 });
      expect(await raised(() => store.insert({ kind: 'cluster', resource: cluster }))).toBe(true);
      expect(await raised(() => store.insert({ kind: 'cluster', resource: cluster }))).toBe(false);
      expect(await raised(replace(2))).toBe(true);
      expect(await raised(replace(2))).toBe(false);
      expect(await raised(remove)).toBe(true);
      expect(await raised(remove)).toBe(false);
      expect(await raised(() => store.load())).toBe(false);
    });

    test('load gives everything, by kind, at a revision', async () => {
      const [application, command, cluster] = [makeApplication(), makeCommand(), makeCluster()];
      await store.insert({ kind: 'application', resource: application });
      await store.insert({ kind: 'command', resource: command });
      await store.insert({ kind: 'cluster', resource: cluster });
      const snapshot = await store.load();
      expect(snapshot.revision).toBe(await store.revision());
      expect(snapshot.applications).toContainEqual(application);
      expect(snapshot.commands).toContainEqual(command);
      expect(snapshot.clusters).toContainEqual(cluster);
      const kinds: readonly ResourceKind[] = ['application', 'command', 'cluster'];
      const found = [snapshot.applications, snapshot.commands, snapshot.clusters];
      for (const [index, kind] of kinds.entries()) {
        const first = found[index]?.[0];
        expect(await store.get({ kind, id: first?.id ?? '' })).toEqual(first);
      }
    });
  });
}
