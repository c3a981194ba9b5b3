/** The suite of the log on real Kafka. */
import { KafkaTopicLog } from '../../../infra/log/kafka/kafka-topic-log.js';
import { SystemClock } from '../../../infra/runtime/system-clock.js';
import { describeEngine } from '../../support/engines.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { topicLogSuite } from '../suites/topic-log.js';

await describeEngine('kafka', (url) => {
  topicLogSuite('kafka', async () => {
    const log = await KafkaTopicLog.connect({
      brokers: url.split(','),
      clientId: 'marid-conformance',
      clock: new SystemClock(),
      logger: new QuietLogger(),
      // A member hears of a rebalance with its next heartbeat.
      heartbeatIntervalMs: 200,
      sessionTimeoutMs: 10_000,
    });
    return { log, close: () => log.close() };
  });
});
