import { describe, expect, test } from '@jest/globals';
import type { PartitionOffset } from '../../../../../core/ports/topic-log.js';
import { OffsetCommits } from '../../../../../infra/log/kafka/offset-commits.js';
import { turn } from '../../../../support/fake-clock.js';

function setUp(): { commits: OffsetCommits; sent: number[][]; end: (error?: Error) => Promise<void> } {
  const sent: number[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const commits = new OffsetCommits(
    (offsets) =>
      new Promise((resolve, reject) => {
        sent.push(offsets.map(({ offset }) => offset));
        ends.push((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
  );
  const end = async (error?: Error): Promise<void> => {
    await turn();
    ends.shift()?.(error);
    await turn();
  };
  return { commits, sent, end };
}

function at(offset: number, partition = 0): readonly PartitionOffset[] {
  return [{ topic: 't', partition, offset }];
}

describe('OffsetCommits', () => {
  test('one request at a time; what comes meanwhile shares the next, at its highest', async () => {
    const { commits, sent, end } = setUp();
    const calls = [commits.add(at(1))];
    await turn();
    calls.push(commits.add(at(2)), commits.add(at(3)), commits.add(at(7, 1)));
    await end();
    await end();
    await Promise.all(calls);
    expect(sent).toEqual([[1], [3, 7]]);
  });

  test('an offset never goes back', async () => {
    const { commits, sent, end } = setUp();
    const calls = [commits.add(at(5))];
    await turn();
    calls.push(commits.add(at(4)));
    await end();
    await Promise.all(calls);
    await commits.add(at(3));
    expect(sent).toEqual([[5]]);
  });

  test('nobody is told that an offset is durable whose request failed', async () => {
    const { commits, sent, end } = setUp();
    const first = expect(commits.add(at(5))).rejects.toThrow('lost');
    await turn();
    const second = commits.add(at(5));
    await end(new Error('lost'));
    await first;
    await end();
    await second;
    expect(sent).toEqual([[5], [5]]);
  });

  test('a partition that came anew begins anew', async () => {
    const { commits, sent, end } = setUp();
    const first = commits.add(at(5));
    await end();
    await first;
    commits.retain(new Set());
    const second = commits.add(at(1));
    await end();
    await second;
    expect(sent).toEqual([[5], [1]]);
  });
});
