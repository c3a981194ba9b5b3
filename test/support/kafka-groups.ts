/** What is done to consumer groups from outside. */
import { connect } from 'node:net';
import { once } from 'node:events';
import type { Consumer } from 'kafkajs';
import { plainKafka, withAdmin } from './kafka.js';

/** LeaveGroup, version 0. */
const LEAVE_GROUP = [0, 13, 0, 0];

/** Deletes groups with their offsets. Their members must be cut off: each leaves in its own name, because only an empty group can be deleted. */
export async function deleteGroups(broker: string, groups: readonly string[]): Promise<void> {
  await withAdmin(broker, async (admin) => {
    const described = await admin.describeGroups([...groups]);
    for (const { groupId, members } of described.groups) {
      for (const { memberId } of members) await leave(broker, groupId, memberId);
    }
    await admin.deleteGroups([...groups]);
  });
}

/** A member that takes partitions of a topic away from the others of the group, and whatever comes there; it commits nothing. */
export async function visitGroup(brokers: string, group: string, topic: string): Promise<Consumer> {
  const consumer = plainKafka(brokers).consumer({ groupId: group, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve() });
  await joined;
  return consumer;
}

async function leave(broker: string, group: string, member: string): Promise<void> {
  const request = Buffer.concat([
    Buffer.from([...LEAVE_GROUP, 0, 0, 0, 1]),
    ...['marid-test', group, member].map((text) => Buffer.concat([int16(text.length), Buffer.from(text)])),
  ]);
  const [host, port] = broker.split(':');
  const socket = connect(Number(port), host);
  socket.write(Buffer.concat([Buffer.from([0, 0, 0, request.length]), request]));
  await once(socket, 'data');
  socket.destroy();
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
