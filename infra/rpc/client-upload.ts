/** The requests of a call that takes a stream. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { Message } from '@bufbuild/protobuf';
import type { ClientDuplexStream, ClientWritableStream } from '@grpc/grpc-js';

/** Sends requests as fast as the server takes them, until the last or until the call is over. Rejects with what `requests` or `encode` throws. */
export async function sendAll(
  call: ClientWritableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>,
  requests: AsyncIterable<Message>,
  encode: (request: Message) => Buffer,
): Promise<void> {
  const over = new AbortController();
  call.once('status', () => over.abort());
  for await (const request of requests) {
    if (over.signal.aborted) return;
    if (call.write(encode(request))) continue;
    await once(call, 'drain', { signal: over.signal }).catch(() => undefined);
    await turn(); // a drain comes before it: no answer would be read until a megabyte of requests is buffered
  }
  call.end();
}
