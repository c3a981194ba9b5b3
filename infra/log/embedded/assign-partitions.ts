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
