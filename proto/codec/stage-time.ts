/** Steps of an attempt's preparation. */
import type { StageTime } from '../../core/job/job.js';
import type { StageTime as StageTimeMessage } from '../gen/marid/v1/job_pb.js';
import { fromDuration, toDuration } from './time.js';

/** Steps as messages. */
export function stagesToMessages(stages: readonly StageTime[] = []): StageTimeMessage[] {
  return stages.map(({ name, ms }) => ({ $typeName: 'marid.v1.StageTime', name, duration: toDuration(ms) }));
}

/** The steps of messages, absent for none. */
export function stagesFromMessages(messages: readonly StageTimeMessage[]): { readonly stages?: readonly StageTime[] } {
  if (messages.length === 0) return {};
  return { stages: messages.map(({ name, duration }) => ({ name, ms: fromDuration(duration) ?? 0 })) };
}
