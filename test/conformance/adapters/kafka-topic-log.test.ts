/** The suite of the log on real Kafka. */
import { describeEngine } from '../../support/engines.js';
import { connectKafkaLog } from '../../support/kafka.js';
import { topicLogSuite } from '../suites/topic-log.js';

await describeEngine('kafka', (url) => {
  topicLogSuite('kafka', async () => {
    const log = await connectKafkaLog(url);
    return { log, close: () => log.close() };
  });
});
