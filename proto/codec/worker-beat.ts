/** Messages of the heartbeats topic. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { WorkerBeat } from '../../core/fleet/worker-record.js';
import { WorkerBeatSchema } from '../gen/marid/v1/worker_service_pb.js';
import { decodeBytes } from './decode-bytes.js';
import { attemptReferenceFromMessage, attemptReferenceToMessage } from './specification.js';

/** Bytes of a beat. */
export function encodeBeat(beat: WorkerBeat): Uint8Array {
  const message = create(WorkerBeatSchema, {
    workerId: beat.workerId,
    session: beat.session,
    pool: beat.pool,
    memoryFreeMb: beat.memoryFreeMb,
    held: beat.held.map(attemptReferenceToMessage),
    partitions: [...beat.partitions],
  });
  return toBinary(WorkerBeatSchema, message);
}

/** The beat of bytes; `null` when they are unreadable or name no worker. */
export function decodeBeat(bytes: Uint8Array): WorkerBeat | null {
  const message = decodeBytes(WorkerBeatSchema, bytes);
  if (message === null || message.workerId === '') return null;
  return {
    workerId: message.workerId,
    session: message.session,
    pool: message.pool,
    memoryFreeMb: message.memoryFreeMb,
    held: message.held.map(attemptReferenceFromMessage),
    partitions: [...message.partitions],
  };
}
