import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignPartitions } from '../../../../../infra/log/embedded/assign-partitions.js';

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
