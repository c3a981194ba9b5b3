import { Client, credentials, status as Status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERROR_CODES, isMaridError, MaridError } from '../../../../core/errors/marid-error.js';
import { errorOf, statusOf } from '../../../../infra/rpc/error-status.js';
import { startHarness, stopHarnesses, TRANSPORTS } from './rpc-harness.js';

const MAX_TRAILER_BYTES = 4096;

afterEach(stopHarnesses);

/** Calls without our client: raw bytes in, the raw status out. */
function callRaw(address: string, path: string, request: Uint8Array): Promise<ServiceError> {
  const client = new Client(address, credentials.createInsecure());
  const pass = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, pass, pass, Buffer.from(request), (error) => {
      client.close();
      if (error === null) reject(new Error('the call did not fail'));
      else resolve(error);
    });
  });
}

describe.each(TRANSPORTS)('errors %s', (_, start) => {
  test.each(ERROR_CODES)('%s arrives as it was thrown', async (code) => {
    const thrown = new MaridError(code, `because of ${code}`, { facts: { job_id: 'a', étage: 'ü' } });
    const { client } = await start({
      describeTopic: async () => {
        throw thrown;
      },
    });
    const error: unknown = await client.describeTopic({}).catch((caught: unknown) => caught);
    expect(isMaridError(error)).toBe(true);
    expect(error).toMatchObject({ code, message: thrown.message, facts: thrown.facts, retryable: thrown.retryable });
  });

  test('violations arrive with their fields', async () => {
    const violations = [
      { field: 'job.user', description: 'is missing' },
      { field: 'job.cluster_criteria[0].tags', description: 'holds an empty tag' },
    ];
    const { client } = await start({
      produce: async () => {
        throw new MaridError('INVALID_ARGUMENT', 'bad', { violations });
      },
    });
    await expect(client.produce({})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations });
  });

  test('anything else is INTERNAL without its text, and is logged with the id that the caller gets', async () => {
    const { client, logger } = await start({
      describeTopic: async () => {
        throw new TypeError('secret of the database');
      },
    });
    const error: unknown = await client.describeTopic({}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    const line = logger.lines.find((each) => each.level === 'error');
    expect(line?.fields['error']).toMatchObject({ message: 'secret of the database' });
    expect(error).toMatchObject({ facts: { request_id: line?.fields['requestId'] } });
  });

  test('a message in any language and with control characters arrives escaped', async () => {
    const { client } = await start({
      describeTopic: async () => {
        throw new MaridError('NOT_FOUND', 'job "ジョブ\u001b[31m\n\u202e%41\ud800" not found');
      },
    });
    await expect(client.describeTopic({})).rejects.toMatchObject({
      message: 'job "ジョブ\\u001b[31m\\n\\u202e%41\\ud800" not found',
    });
  });
});

describe('a server over the wire', () => {
  test('answers bytes that are no request with INVALID_ARGUMENT', async () => {
    const { server } = await startHarness({ describeTopic: async () => ({}) });
    const path = '/marid.v1.LogService/DescribeTopic';
    const error = await callRaw(server.address, path, new Uint8Array([0x0a, 0xff, 0xff]));
    expect(error.code).toBe(Status.INVALID_ARGUMENT);
    expect(error.details).toContain('marid.v1.DescribeTopicRequest');
  });

  test('answers UNSUPPORTED for a method that it does not have', async () => {
    const { server } = await startHarness({});
    const status = await callRaw(server.address, '/marid.v1.LogService/Nothing', new Uint8Array());
    expect(errorOf(status, server.address).code).toBe('UNSUPPORTED');
  });
});

describe('statusOf', () => {
  test('keeps all trailers within 4 KiB and says how many violations are left out', () => {
    const violations = Array.from({ length: 500 }, (_, index) => ({
      field: `job.tags[${index}]`,
      description: 'is longer than 255 characters',
    }));
    const status = statusOf(new MaridError('INVALID_ARGUMENT', 'x'.repeat(50_000), { violations }));
    const error = errorOf(status, 'somewhere');
    expect(error.violations.length).toBeGreaterThan(5);
    expect(error.message).toContain(`(${500 - error.violations.length} more violations are left out)`);
    expect(trailerBytes(status)).toBeLessThanOrEqual(MAX_TRAILER_BYTES);
  });

  test('stays within 4 KiB and keeps the code, whatever the texts', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 3_000 }), fc.string({ maxLength: 3_000 }));
    const violation = fc.record({ field: text, description: text });
    fc.assert(
      fc.property(
        fc.constantFrom(...ERROR_CODES),
        text,
        fc.array(violation, { maxLength: 20 }),
        fc.dictionary(text, text, { maxKeys: 20 }),
        (code, message, violations, facts) => {
          const status = statusOf(new MaridError(code, message, { violations, facts }));
          expect(trailerBytes(status)).toBeLessThanOrEqual(MAX_TRAILER_BYTES);
          expect(errorOf(status, 'somewhere').code).toBe(code);
        },
      ),
      { numRuns: 50 },
    );
  });
});

/** Bytes of the trailers as HTTP/2 counts them: names, values and 32 for each header (RFC 9113, 6.5.2). */
function trailerBytes(status: ReturnType<typeof statusOf>): number {
  const details = status.metadata.get('grpc-status-details-bin')[0];
  const base64 = Math.ceil((Buffer.isBuffer(details) ? details.length : 0) / 3) * 4;
  const headers = ['grpc-status', 'grpc-message', 'grpc-status-details-bin'];
  const names = headers.reduce((sum, name) => sum + name.length + 32, 0);
  return names + 2 + encodeURI(status.details).length + base64;
}
