/** Asks a server whether it takes calls (grpc.health.v1). */
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { MaridError } from '../../core/errors/marid-error.js';
import { SystemClock } from '../runtime/system-clock.js';
import { parseAddress } from './address.js';
import { errorOf } from './error-status.js';

/** Options of `probeHealth`. */
export interface HealthProbeOptions {
  /** Who to ask, `host:port`. */
  readonly address: string;
  /** Longest wait for the answer, milliseconds. */
  readonly timeoutMs: number;
}

/** Resolves when the server takes calls; rejects with `UNAVAILABLE` or `DEADLINE_EXCEEDED` when not. */
export async function probeHealth({ address, timeoutMs }: HealthProbeOptions): Promise<void> {
  parseAddress(address);
  const check = healthService['Check'];
  if (check === undefined) throw new MaridError('INTERNAL', 'grpc-health-check has no method Check.');
  const client = new Client(`dns:${address}`, credentials.createInsecure());
  const options = { deadline: new SystemClock().now() + timeoutMs };
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      const done = (error: ServiceError | null, value?: object): void => {
        if (error === null) resolve(value);
        else reject(errorOf(error, address));
      };
      const { path, requestSerialize, responseDeserialize } = check;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: '' },
        new Metadata(),
        options,
        done,
      );
    });
    if (isServing(answer)) return;
    throw new MaridError('UNAVAILABLE', `The server at ${address} takes no calls: it starts or stops.`);
  } finally {
    client.close();
  }
}

function isServing(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === 'SERVING';
}
