/** Who of a group reads what. */
import type { TopicPartition } from '../../../core/ports/topic-log.js';

/** Deals the partitions round, topic by topic, among the members that want the topic; one list per member, in their order. */
export function assignPartitions(
  members: readonly { readonly topics: readonly string[] }[],
  partitionsOf: (topic: string) => number,
): readonly (readonly TopicPartition[])[] {
  const dealt = members.map((): TopicPartition[] => []);
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  let turn = 0;
  for (const topic of topics) {
    const takers = dealt.filter((_, index) => members[index]?.topics.includes(topic) === true);
    for (let partition = 0; partition < partitionsOf(topic); partition += 1) {
      takers[turn % takers.length]?.push({ topic, partition });
      turn += 1;
    }
  }
  return dealt;
}

/** The members that get partitions, or may if `assignPartitions` deals them among these alone: with more members than partitions the later ones get none. `topics`: all that any member wants, or more. */
export function mayGetPartitions<M extends { readonly topics: readonly string[] }>(
  { members, topics }: { readonly members: Iterable<M>; readonly topics: ReadonlySet<string> },
  partitionsOf: (topic: string) => number,
): readonly M[] {
  const partitions = [...topics].reduce((sum, topic) => sum + partitionsOf(topic), 0);
  const wanting = new Map([...topics].map((topic) => [topic, partitions]));
  const first: M[] = [];
  for (const member of members) {
    if (wanting.size === 0) break;
    first.push(member);
    for (const topic of member.topics) {
      const left = (wanting.get(topic) ?? 0) - 1;
      if (left > 0) wanting.set(topic, left);
      else wanting.delete(topic);
    }
  }
  return first;
}
