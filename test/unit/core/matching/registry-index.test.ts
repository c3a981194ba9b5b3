import { describe, expect, test } from '@jest/globals';
import { RegistryIndex } from '../../../../core/matching/registry-index.js';
import { makeApplication, makeCluster, makeCommand, makeCriterion } from '../../../support/job-fixtures.js';

function emptyIndex(): RegistryIndex {
  return RegistryIndex.of({ revision: 7, applications: [], commands: [], clusters: [] });
}

describe('RegistryIndex', () => {
  test('holds a snapshot: entries by kind and id, lists by id, and the revision', () => {
    const application = makeApplication({ id: 'same' });
    const command = makeCommand({ id: 'same' });
    const clusters = [makeCluster({ id: 'c10' }), makeCluster({ id: 'c2' }), makeCluster({ id: 'B' })];
    const index = RegistryIndex.of({ revision: 7, applications: [application], commands: [command], clusters });
    expect(index.revision).toBe(7);
    expect(index.get('application', 'same')).toBe(application);
    expect(index.get('command', 'same')).toBe(command);
    expect(index.get('cluster', 'same')).toBeNull();
    expect(index.list('cluster').map(({ id }) => id)).toEqual(['B', 'c10', 'c2']);
  });

  test('forgets what a replaced entry was', () => {
    const index = emptyIndex();
    index.put('cluster', makeCluster({ id: 'c', name: 'old', tags: ['a', 'a', 'b'] }));
    index.put('cluster', makeCluster({ id: 'c', name: 'new', tags: ['b'] }));
    expect(index.matching('cluster', makeCriterion({ tags: ['a'] }))).toEqual([]);
    expect(index.matching('cluster', makeCriterion({ name: 'old' }))).toEqual([]);
    expect(index.matching('cluster', makeCriterion({ name: 'new', tags: ['b'] }))).toHaveLength(1);
    expect(index.list('cluster')).toHaveLength(1);
  });

  test('asks for the status that accepts work unless another is named', () => {
    const index = emptyIndex();
    index.put('cluster', makeCluster({ id: 'up', status: 'UP' }));
    index.put('cluster', makeCluster({ id: 'down', status: 'OUT_OF_SERVICE' }));
    index.put('application', makeApplication({ id: 'new', status: 'ACTIVE' }));
    index.put('application', makeApplication({ id: 'old', status: 'DEPRECATED' }));
    const idsOf = (status: string | null) => index.matching('cluster', makeCriterion({ status })).map(({ id }) => id);
    expect(idsOf(null)).toEqual(['up']);
    expect(idsOf('OUT_OF_SERVICE')).toEqual(['down']);
    expect(index.matching('application', makeCriterion()).map(({ id }) => id)).toEqual(['new']);
  });

  test('uses the places of removed entries again without mixing them up', () => {
    const index = emptyIndex();
    for (let number = 0; number < 100; number++) {
      index.put('cluster', makeCluster({ id: `c${number}`, tags: [`t${number}`] }));
    }
    for (let number = 0; number < 100; number += 2) index.remove('cluster', `c${number}`);
    index.remove('cluster', 'c0');
    for (let number = 100; number < 150; number++) {
      index.put('cluster', makeCluster({ id: `c${number}`, tags: [`t${number}`] }));
    }
    const found = (number: number) => index.matching('cluster', makeCriterion({ tags: [`t${number}`] }));
    const present = Array.from({ length: 150 }, (_, number) => number).filter((number) => found(number).length > 0);
    expect(present).toEqual(Array.from({ length: 150 }, (_, number) => number).filter((n) => n >= 100 || n % 2 === 1));
    expect(index.list('cluster')).toHaveLength(100);
  });
});
