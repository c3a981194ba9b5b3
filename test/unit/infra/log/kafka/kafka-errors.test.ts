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

  test.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /kafkaTlsCaFile/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /kafkaTlsCaFile/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /kafkaTls /],
    ['ECONNREFUSED', /^Doing it failed: told by KafkaJSNumberOfRetriesExceeded$/],
  ])('a connection that fails by %s says where to look', (code, message) => {
    const cause = kafkaError('KafkaJSConnectionError', { code });
    const error = toMaridError(kafkaError('KafkaJSNumberOfRetriesExceeded', { cause }), 'Doing it');
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(message) });
  });

  test('what an error wraps counts', () => {
    const wrapped = kafkaError('KafkaJSNumberOfRetriesExceeded', { cause: protocol('UNKNOWN_TOPIC_OR_PARTITION') });
    expect(toMaridError(wrapped, 'Doing it')).toMatchObject({ code: 'NOT_FOUND' });
    const several = kafkaError('KafkaJSAggregateError', { errors: [protocol('INVALID_REPLICATION_FACTOR')] });
    expect(toMaridError(several, 'Doing it')).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
