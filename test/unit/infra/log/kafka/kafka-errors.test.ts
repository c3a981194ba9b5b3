import { describe, expect, test } from '@jest/globals';
import { toMaridError } from '../../../../../infra/log/kafka/kafka-errors.js';

function kafkaError(name: string, fields: object = {}): Error {
  return Object.assign(new Error(`told by ${name}`), { name }, fields);
}

describe('toMaridError', () => {
  const protocol = (type: string): Error => kafkaError('KafkaJSProtocolError', { type });
  test.each([
    [protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'NOT_FOUND', false],
    [protocol('MESSAGE_TOO_LARGE'), 'INVALID_ARGUMENT', false],
    [protocol('REQUEST_TIMED_OUT'), 'DEADLINE_EXCEEDED', true],
    [protocol('NOT_LEADER_FOR_PARTITION'), 'UNAVAILABLE', true],
    [protocol('TOPIC_AUTHORIZATION_FAILED'), 'UNAVAILABLE', false],
    [kafkaError('KafkaJSConnectionError', { code: 'ECONNREFUSED' }), 'UNAVAILABLE', true],
    [kafkaError('KafkaJSRequestTimeoutError'), 'DEADLINE_EXCEEDED', true],
    [kafkaError('KafkaJSSASLAuthenticationError'), 'UNAVAILABLE', false],
    [kafkaError('TypeError'), 'UNAVAILABLE', true],
  ])('%s is %s, retryable: %s', (error, code, retryable) => {
    expect(toMaridError(error, 'Doing it')).toMatchObject({ name: 'MaridError', code, retryable, cause: error });
  });

  test('what an error wraps counts', () => {
    const wrapped = kafkaError('KafkaJSNumberOfRetriesExceeded', { cause: protocol('UNKNOWN_TOPIC_OR_PARTITION') });
    expect(toMaridError(wrapped, 'Doing it')).toMatchObject({ code: 'NOT_FOUND' });
    const several = kafkaError('KafkaJSAggregateError', { errors: [protocol('INVALID_REPLICATION_FACTOR')] });
    expect(toMaridError(several, 'Doing it')).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
