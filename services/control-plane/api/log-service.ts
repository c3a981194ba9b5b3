/** Lends the control plane's log to workers in other processes. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { LogRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { logRecordFromMessage, partitionOffsetFromMessage } from '../../../proto/codec/topic-log.js';
import type { LogService, SteerRequest, SubscribeRequest } from '../../../proto/gen/marid/v1/log_service_pb.js';
import type { CallContext, ServiceHandlers } from '../../../proto/rpc/service.js';
import { LogLending, type LentEvent } from './log-lending.js';

/** Most bytes of values that one Produce takes. */
const MAX_PRODUCE_BYTES = 4 * 1024 * 1024;

/** Most records that wait for a slow stream before its topics are paused, when the caller asks for more or does not say. */
const MAX_WAITING_RECORDS = 500;

/** What the log service needs. */
export interface LogServiceOptions {
  readonly log: TopicLog;
  readonly random: Random;
  readonly logger: Logger;
}

/** Handlers of LogService over a log. Subscriptions live as long as their streams. */
export function createLogServiceHandlers(options: LogServiceOptions): ServiceHandlers<typeof LogService> {
  const { log } = options;
  const lendings = new Map<string, LogLending>();
  return {
    produce: async (request) => {
      const records = request.records.map(logRecordFromMessage);
      refuseTooMuch(records);
      if (records.length > 0) await log.produce({ records });
      return {};
    },
    subscribe: (request, context) => lend(options, lendings, request, context),
    steer: async (request) => {
      await steer(lendings, request);
      return {};
    },
    describeTopic: async (request) => ({ partitions: await log.partitions({ topic: request.topic }) }),
  };
}

async function* lend(
  options: LogServiceOptions,
  lendings: Map<string, LogLending>,
  request: SubscribeRequest,
  context: CallContext,
): AsyncGenerator<LentEvent> {
  refuseIncomplete(request);
  const id = options.random.id();
  const asked = request.maxBatch > 0 ? request.maxBatch : MAX_WAITING_RECORDS;
  const lending = new LogLending({ topics: request.topics, maxWaiting: Math.min(asked, MAX_WAITING_RECORDS) });
  try {
    await lending.open(options.log, request.group);
    lendings.set(id, lending);
    options.logger.debug({ id, group: request.group, peer: context.peer }, 'log lent');
    yield { event: { case: 'subscriptionId', value: id } };
    yield* lending.events(context.signal);
  } finally {
    lendings.delete(id);
    await lending.close();
  }
}

async function steer(lendings: ReadonlyMap<string, LogLending>, request: SteerRequest): Promise<void> {
  const lending = lendings.get(request.subscriptionId);
  if (lending === undefined) {
    throw new MaridError('NOT_FOUND', 'There is no such subscription: it has ended. Subscribe again.');
  }
  lending.pause(request.pause);
  lending.resume(request.resume);
  if (request.commits.length > 0) await lending.commit(request.commits.map(partitionOffsetFromMessage));
}

function refuseTooMuch(records: readonly LogRecord[]): void {
  const bytes = records.reduce((sum, record) => sum + record.value.length, 0);
  if (bytes <= MAX_PRODUCE_BYTES) return;
  const description = `holds ${bytes} bytes; send at most ${MAX_PRODUCE_BYTES} bytes a call`;
  throw new MaridError('INVALID_ARGUMENT', `records: ${description}`, {
    violations: [{ field: 'records', description }],
  });
}

function refuseIncomplete(request: SubscribeRequest): void {
  const violations = [];
  if (request.group === '') violations.push({ field: 'group', description: 'is missing; name the consumer group' });
  if (request.topics.length === 0) violations.push({ field: 'topics', description: 'is empty; name a topic' });
  if (violations.length > 0) {
    throw new MaridError('INVALID_ARGUMENT', 'A subscription needs a group and topics.', { violations });
  }
}
