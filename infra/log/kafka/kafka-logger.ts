/** kafkajs' log lines in ours. */
import type { LogEntry, logCreator } from 'kafkajs';
import type { Logger } from '../../../core/ports/logger.js';

/** Levels of kafkajs, as it numbers them. */
export const KAFKA_LEVELS = { error: 1, warn: 2, info: 4 } as const;

/** Fields that say nothing here. */
const DROPPED: ReadonlySet<string> = new Set(['message', 'timestamp', 'logger', 'stack']);

/** A log creator for kafkajs. What it calls an error it mostly retries, so nothing is above a warning; what it calls info is told as debug. */
export function kafkaLogCreator(logger: Logger): logCreator {
  return () => (entry) => {
    const fields = { part: entry.namespace, ...fieldsOf(entry) };
    const message = `kafkajs: ${entry.log.message}`;
    if (Number(entry.level) <= KAFKA_LEVELS.warn && !isAnswer(entry)) logger.warn(fields, message);
    else logger.debug(fields, message);
  };
}

/** What a broker answered is told to whoever asked, and is often no surprise: that a topic does not exist, or that a group rebalances. */
function isAnswer({ namespace, log }: LogEntry): boolean {
  return namespace === 'Connection' && log.message.startsWith('Response ');
}

function fieldsOf(entry: LogEntry): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(entry.log).filter(([name]) => !DROPPED.has(name)));
}
