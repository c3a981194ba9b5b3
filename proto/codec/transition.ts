/** Steps of a job's life. */
import { create } from '@bufbuild/protobuf';
import type { Transition } from '../../core/job/job.js';
import { TransitionSchema, type Transition as TransitionMessage } from '../gen/marid/v1/job_pb.js';
import { statusFromMessage, statusToMessage } from './job-status.js';
import { fromTimestamp, toTimestamp } from './time.js';

/** A transition as a message. */
export function transitionToMessage(transition: Transition): TransitionMessage {
  return create(TransitionSchema, {
    sequence: BigInt(transition.sequence),
    time: toTimestamp(transition.at),
    from: statusToMessage(transition.from),
    to: statusToMessage(transition.to),
    attempt: transition.attempt,
    reason: transition.reason,
    message: transition.message,
    actor: transition.actor,
  });
}

/** The transition of a message; `null` when it does not say to which status. */
export function transitionFromMessage(message: TransitionMessage): Transition | null {
  const to = statusFromMessage(message.to);
  if (to === null) return null;
  return {
    sequence: Number(message.sequence),
    at: fromTimestamp(message.time) ?? 0,
    from: statusFromMessage(message.from),
    to,
    attempt: message.attempt,
    reason: message.reason,
    message: message.message,
    actor: message.actor,
  };
}
