import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { explainMatch, resolveJob } from '../../../../core/matching/resolve.js';
import { RegistryIndex } from '../../../../core/matching/registry-index.js';
import { selectorByName } from '../../../../core/matching/selectors.js';
import type { Criterion, Resource, ResourceKind } from '../../../../core/registry/resource.js';
import { CLUSTER_STATUSES, COMMAND_STATUSES } from '../../../../core/registry/resource.js';
import { makeCluster, makeCommand, makeRequest } from '../../../support/job-fixtures.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { matchByScan } from './naive-matching.js';

const ids = fc.integer({ min: 0, max: 50 }).map((number) => `e${number}`);
const names = fc.constantFrom('prod', 'test', 'old');
const versions = fc.constantFrom('1', '2');
const tag = fc.constantFrom('a', 'b', 'c', 'd');
const carriedTags = fc.array(tag, { maxLength: 6 });
const askedTags = fc.array(tag, { maxLength: 2 });

/** Mostly `null`, so that criteria match often enough. */
function rarely<T>(some: fc.Arbitrary<T>, nulls = 4): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: nulls, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: some });
}

function criteria(statuses: readonly string[]): fc.Arbitrary<Criterion> {
  const reserved = fc.oneof(
    ids.map((id) => `marid.id:${id}`),
    names.map((name) => `genie.name:${name}`),
  );
  return fc.record({
    id: rarely(ids, 12),
    name: rarely(names),
    version: rarely(versions),
    status: rarely(fc.constantFrom(...statuses)),
    tags: fc
      .tuple(askedTags, rarely(reserved, 8))
      .map(([plain, extra]) => (extra === null ? plain : [...plain, extra])),
  });
}

const clusterCriteria = fc.array(criteria(CLUSTER_STATUSES), { maxLength: 3 });
const clusters = fc
  .record({ id: ids, name: names, version: versions, tags: carriedTags, status: fc.constantFrom(...CLUSTER_STATUSES) })
  .map(makeCluster);
const commands = fc
  .record({
    id: ids,
    name: names,
    version: versions,
    tags: carriedTags,
    status: fc.constantFrom(...COMMAND_STATUSES),
    clusterCriteria,
  })
  .map(makeCommand);
const requests = fc.record({ clusterCriteria, commandCriterion: criteria(COMMAND_STATUSES) }).map(makeRequest);

type Change =
  { readonly kind: ResourceKind; readonly put: Resource } | { readonly kind: ResourceKind; readonly remove: string };

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: clusters.map((put) => ({ kind: 'cluster' as const, put })) },
  { weight: 4, arbitrary: commands.map((put) => ({ kind: 'command' as const, put })) },
  fc.record({ kind: fc.constantFrom<ResourceKind>('cluster', 'command'), remove: ids }),
);

function apply(index: RegistryIndex, change: Change): void {
  if ('put' in change) index.put(change.kind, change.put);
  else index.remove(change.kind, change.remove);
}

function snapshotOf(index: RegistryIndex) {
  return { revision: 1, applications: [], commands: index.list('command'), clusters: index.list('cluster') };
}

function matchByIndex(index: RegistryIndex, request: ReturnType<typeof makeRequest>) {
  const matched = explainMatch(index, request).filter((each) => each.matched);
  return Object.fromEntries(matched.map((each) => [each.command.id, each.clusters.map(({ id }) => id)]));
}

describe('matching with the index', () => {
  test('finds what a scan finds, after any writes', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(changes, { minLength: 20, maxLength: 80 }), requests, changes, (history, request, last) => {
        const index = RegistryIndex.of({ revision: 1, applications: [], commands: [], clusters: [] });
        for (const change of history) apply(index, change);
        const expected = matchByScan(snapshotOf(index), request);
        found += Object.keys(expected).length;
        expect(matchByIndex(index, request)).toEqual(expected);
        apply(index, last);
        expect(matchByIndex(index, request)).toEqual(matchByScan(snapshotOf(index), request));
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(50);
  });

  test('answers the same after incremental writes as after loading a snapshot', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 20, maxLength: 60 }), requests, (history, request) => {
        const written = RegistryIndex.of({ revision: 1, applications: [], commands: [], clusters: [] });
        for (const change of history) apply(written, change);
        const loaded = RegistryIndex.of(snapshotOf(written));
        expect(explainMatch(loaded, request)).toEqual(explainMatch(written, request));
        expect(resolve(loaded, request)).toEqual(resolve(written, request));
      }),
      { numRuns: 200 },
    );
  });
});

function resolve(index: RegistryIndex, request: ReturnType<typeof makeRequest>) {
  return resolveJob({
    index,
    request,
    defaults: { memoryMb: 1, timeoutMs: 1 },
    commandSelector: selectorByName('random'),
    clusterSelector: selectorByName('weighted'),
    load: { activeJobs: () => 0 },
    random: new SeededRandom(7),
  });
}
