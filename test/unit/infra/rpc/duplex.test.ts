import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { bindService, connectRpc, RpcServer } from '../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { JobService } from '../../../../proto/gen/marid/v1/job_service_pb.js';
import type { ServiceClient, ServiceHandlers } from '../../../../proto/rpc/service.js';
import { eventually } from '../../../support/eventually.js';
import { MemoryJobs } from '../../../support/memory-jobs.js';
import { QuietLogger } from '../../../support/quiet-logger.js';
import { deferred, openPort, stopHarnesses } from './rpc-harness.js';

type SubmitJobs = ServiceHandlers<typeof JobService>['submitJobs'];
type Client = ServiceClient<typeof JobService>;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await stopHarnesses();
  for (const close of closers.splice(0)) await close();
});

const handlers = (submitJobs: SubmitJobs) => ({ ...new MemoryJobs().handlers, submitJobs });

async function overTheWire(submitJobs: SubmitJobs): Promise<Client> {
  const services = [bindService(JobService, handlers(submitJobs))];
  const options = { listen: '127.0.0.1:0', services, logger: new QuietLogger(), clock: new SystemClock() };
  const server = await RpcServer.start(options);
  const channel = connectRpc({ address: server.address });
  closers.push(
    () => channel.close(),
    () => server.stop({ graceMs: 100 }),
  );
  return channel.client(JobService);
}

const transports: readonly (readonly [string, (submitJobs: SubmitJobs) => Promise<Client>])[] = [
  ['over the wire', overTheWire],
  [
    'over a port',
    async (submitJobs) => openPort(bindService(JobService, handlers(submitJobs))).channel.client(JobService),
  ],
];

const accepted = (jobId: string) => ({ outcome: { case: 'accepted' as const, value: { jobId } } });

/** Answers each request with its id. */
const echo: SubmitJobs = async function* (requests) {
  for await (const { submit } of requests) yield accepted(submit?.jobId ?? '');
};

async function* requests(count: number, padding = '') {
  for (let each = 0; each < count; each += 1) yield { submit: { jobId: `${String(each)}${padding}` } };
}

async function idsOf(answers: ReturnType<Client['submitJobs']>): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { outcome } of answers) ids.push(outcome.case === 'accepted' ? outcome.value.jobId : '?');
  return ids;
}

describe.each(transports)('a call that streams both ways, %s', (_, open) => {
  test('carries requests and answers in order, to the last answer behind the last request', async () => {
    const client = await open(echo);
    expect(await idsOf(client.submitJobs(requests(500)))).toEqual(Array.from({ length: 500 }, (__, id) => String(id)));
    expect(await idsOf(client.submitJobs(requests(0)))).toEqual([]);
    const late = await open(async function* (asked) {
      let count = 0;
      for await (const { submit } of asked) count += submit === undefined ? 0 : 1;
      yield accepted(`${String(count)} in all`);
    });
    expect(await idsOf(late.submitJobs(requests(20)))).toEqual(['20 in all']);
  });

  test('answers while its caller still asks', async () => {
    const client = await open(echo);
    const go = deferred();
    const asking = async function* () {
      yield { submit: { jobId: 'first' } };
      await go.promise;
      yield { submit: { jobId: 'second' } };
    };
    const answers = client.submitJobs(asking())[Symbol.asyncIterator]();
    expect((await answers.next()).value).toMatchObject(accepted('first'));
    go.resolve();
    expect((await answers.next()).value).toMatchObject(accepted('second'));
    expect((await answers.next()).done).toBe(true);
  });

  test('fails with what the handler throws, and with what the requests throw', async () => {
    const refusing = await open(async function* (asked) {
      for await (const { submit } of asked) {
        if (submit?.jobId === '2') throw new MaridError('RESOURCE_EXHAUSTED', 'enough');
        yield accepted('x');
      }
    });
    await expect(idsOf(refusing.submitJobs(requests(100_000)))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: 'enough',
    });
    const broken = async function* () {
      yield { submit: { jobId: 'one' } };
      throw new Error('the disk is gone');
    };
    await expect(idsOf((await open(echo)).submitJobs(broken()))).rejects.toThrow('the disk is gone');
  });

  test('reads its answers while there are always more requests', async () => {
    const client = await open(echo);
    let asked = 0;
    const endless = async function* () {
      for (; ; asked += 1) yield { submit: { jobId: 'again' } };
    };
    for await (const answer of client.submitJobs(endless())) if (answer.outcome.case === 'accepted') break;
    expect(asked).toBeLessThan(10_000);
  });

  test('ends for the handler too when its caller leaves', async () => {
    const ended = deferred<boolean>();
    const client = await open(async function* (asked, { signal }) {
      signal.addEventListener('abort', () => ended.resolve(true));
      for await (const { submit } of asked) yield accepted(submit?.jobId ?? '');
      await ended.promise; // some versions of Node tell the end of the requests first
    });
    const endless = async function* () {
      for (;;) yield { submit: { jobId: 'again' } };
    };
    for await (const answer of client.submitJobs(endless())) if (answer.outcome.case === 'accepted') break;
    expect(await ended.promise).toBe(true);
  });
});

test('over the wire, who does not read the answers is read no further', async () => {
  let taken = 0;
  const client = await overTheWire(async function* (asked) {
    for await (const { submit } of asked) {
      taken += 1;
      yield accepted(submit?.jobId ?? '');
    }
  });
  const answers = client.submitJobs(requests(2000, 'x'.repeat(10_000)))[Symbol.asyncIterator]();
  await answers.next();
  let before = -1;
  await eventually('the server waits', () => {
    const waits = taken === before;
    before = taken;
    return waits;
  });
  expect(taken).toBeLessThan(2000);
  let rest = 1;
  while ((await answers.next()).done !== true) rest += 1;
  expect(rest).toBe(2000);
});
