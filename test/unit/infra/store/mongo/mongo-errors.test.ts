/** What callers see of what the driver throws. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { MongoCursorExhaustedError, MongoServerError, MongoUnexpectedServerResponseError } from 'mongodb';
import { translateMongoError, wasNotSent, wasRefused } from '../../../../../infra/store/mongo/mongo-errors.js';

describe('translateMongoError', () => {
  test("takes Node's own error of a broken socket, which the driver passes on, for an outage with an unknown result", async () => {
    const error = await brokenSocket();
    expect(translateMongoError(error, 'here')).toMatchObject({
      name: 'MaridError',
      code: 'UNAVAILABLE',
      retryable: true,
    });
    expect(wasNotSent(error)).toBe(false);
  });

  test('takes a write to a socket that is being closed for the same', async () => {
    const error = await closedSocket();
    expect(error).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    expect(translateMongoError(error, 'here')).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(wasNotSent(error)).toBe(false);
  });

  test.each([
    // As Node makes it, without a system call.
    ['a connection that the other side has ended', Object.assign(new Error('ended'), { code: 'EPIPE' })],
    ['a cursor that a server does not know any more', new MongoServerError({ ok: 0, code: 43, message: 'no cursor' })],
    ['an operation that was ended with its server', new MongoServerError({ ok: 0, code: 11601, message: 'ended' })],
    ['an answer that never came', new MongoUnexpectedServerResponseError('Unable to get response from server')],
    ['a cursor that was closed with its client', new MongoCursorExhaustedError()],
  ])('takes %s for an outage with an unknown result', (_, error) => {
    expect(translateMongoError(error, 'here')).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect([wasNotSent(error), wasRefused(error)]).toEqual([false, false]);
  });

  test('leaves what is not of the driver or the network as it is', () => {
    const defect = new TypeError('undefined is not a function');
    expect(translateMongoError(defect, 'here')).toBe(defect);
  });
});

/** The error of a connection to a port where nobody listens. */
async function brokenSocket(): Promise<unknown> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve));
}

/** The error of a write behind the end. */
async function closedSocket(): Promise<unknown> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').end();
  const failed = new Promise((resolve) => socket.once('error', resolve));
  socket.write('more');
  server.close();
  return failed;
}
