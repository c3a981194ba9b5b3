/** What callers see of what the driver throws. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { translateMongoError, wasNotSent } from '../../../../../infra/store/mongo/mongo-errors.js';

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
