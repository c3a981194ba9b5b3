import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignPartitions, mayGetPartitions } from '../../../../../infra/log/embedded/assign-partitions.js';

describe('assignPartitions', () => {
  const member = fc.subarray(['a', 'b', 'c'], { minLength: 1 }).map((topics) => ({ topics }));
  const counts = fc.record({ a: fc.nat(12), b: fc.nat(12), c: fc.nat(12) });

  test('each partition of a wanted topic goes to one member that wants it', () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), counts, (members, partitions) => {
        const countOf = (topic: string): number => partitions[topic as keyof typeof partitions];
        const dealt = assignPartitions(members, countOf);
        const wanted = [...new Set(members.flatMap((each) => each.topics))];
        const expected = wanted.flatMap((topic) =>
          Array.from({ length: countOf(topic) }, (_, partition) => `${topic}${String(partition)}`),
        );
        const given = dealt.flat().map(({ topic, partition }) => `${topic}${String(partition)}`);
        expect(given.toSorted()).toEqual(expected.toSorted());
        dealt.forEach((list, index) => {
          for (const each of list) expect(members[index]?.topics).toContain(each.topic);
        });
      }),
    );
  });

  test('members that want the same differ by one partition at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), counts, (size, partitions) => {
        const members = Array.from({ length: size }, () => ({ topics: ['a', 'b'] }));
        const sizes = assignPartitions(members, (topic) => partitions[topic as 'a' | 'b']).map((list) => list.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('mayGetPartitions', () => {
  test('leaves out only members that get nothing, and so changes nothing for the others', () => {
    const partitionsOf = (topic: string): number => (topic === 'a' ? 3 : 2);
    const wishes = fc.subarray(['a', 'b'], { minLength: 1 });
    fc.assert(
      fc.property(fc.array(wishes, { minLength: 1, maxLength: 30 }), (topicLists) => {
        const members = topicLists.map((topics) => ({ topics }));
        const first = mayGetPartitions({ members, topics: new Set(topicLists.flat()) }, partitionsOf);
        const all = assignPartitions(members, partitionsOf);
        expect(assignPartitions(first, partitionsOf)).toEqual(all.slice(0, first.length));
        expect(all.slice(first.length).flat()).toEqual([]);
      }),
    );
  });

  test('looks at a few of very many', () => {
    const members = Array.from({ length: 10_000 }, () => ({ topics: ['a'] }));
    expect(mayGetPartitions({ members, topics: new Set(['a']) }, () => 8)).toHaveLength(8);
  });
});
