/**
 * Loaded into real processes before anything else (`NODE_OPTIONS=--import`): of each topic, the first handlers of records that come from Kafka throw, by turns before
 * and after they have done their work.
 */
import { KafkaTopicLog } from '../../dist/infra/log/kafka/kafka-topic-log.js';

/** Calls of each topic's handlers that throw: the first, and every third after it. */
const THROWN = 4;

const calls = new Map();
const { subscribe } = KafkaTopicLog.prototype;

KafkaTopicLog.prototype.subscribe = function (options) {
  const [topic] = options.topics;
  const onRecords = (records) => {
    const call = (calls.get(topic) ?? 0) + 1;
    calls.set(topic, call);
    const fails = call % 3 === 1 && call <= 3 * THROWN;
    if (fails && call % 2 === 1) throw new TypeError('thrown by a test, before');
    options.onRecords(records);
    if (fails) throw new TypeError('thrown by a test, after');
  };
  return subscribe.call(this, { ...options, onRecords });
};
