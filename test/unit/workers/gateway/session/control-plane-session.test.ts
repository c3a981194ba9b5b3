import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { createInProcessClient } from '../../../../support/in-process-client.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { WorkerService } from '../../../../../proto/gen/marid/v1/worker_service_pb.js';
import { ClaimGate } from '../../../../../workers/gateway/claiming/claim-gate.js';
import { ControlPlaneSession } from '../../../../../workers/gateway/session/control-plane-session.js';
import { LeaseKeeper } from '../../../../../workers/gateway/session/lease-keeper.js';
import { eventually } from '../../../../support/eventually.js';
import { MemoryWorkerService } from '../../../../support/memory-worker-service.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const ATTEMPT = { jobId: 'job', attempt: 1 };

let session: ControlPlaneSession;
afterEach(() => session.stop());

/** A session of a worker that holds one attempt; what happens is told in `order`. */
function open(renew: () => Promise<void>) {
  const order: string[] = [];
  const service = new MemoryWorkerService();
  const [clock, logger] = [new SystemClock(), new QuietLogger()];
  const facts = { pool: 'default', host: 'h', address: 'h:1', memoryBudgetMb: 1, version: '1' };
  const told: MaridError[] = [];
  const lease = new LeaseKeeper({ launcher: { renew }, clock, logger });
  session = new ControlPlaneSession({
    client: createInProcessClient(WorkerService, service.handlers),
    worker: { workerId: 'w', session: 's', ...facts },
    gate: new ClaimGate(),
    ...{ lease, clock, random: new SeededRandom(), logger },
    memoryFreeMb: () => 1,
    held: () => [ATTEMPT],
    recentlyHeld: () => [ATTEMPT],
    onKill: () => undefined,
    onLost: () => order.push('lost'),
    onRepeat: () => undefined,
    onReady: () => undefined,
    onAway: () => undefined,
    partitions: () => [3],
    onSuperseded: (why) => told.push(why),
  });
  service.before = async () => void order.push('called');
  return { order, service, told };
}

describe('ControlPlaneSession', () => {
  test('ends what was lost before the launcher hears of the renewal, so that nothing of it starts under the new lease', async () => {
    const { order, service } = open(async () => void order.push('renewed'));
    await session.start();
    service.orders = { lost: [ATTEMPT], kills: [] };
    const lost = await eventually('the loss and the next call', () => {
      const index = order.indexOf('lost');
      return order.indexOf('called', index) > index && index > 0 && index;
    });
    await session.stop();
    expect(order.slice(lost - 1, lost + 2)).toEqual(['called', 'lost', 'renewed']);
  });

  test('needs no beats while renewals are answered, where these suffice', async () => {
    const { service } = open(async () => undefined);
    expect(session.needsBeats).toBe(false); // nobody knows it
    service.syncSuffices = true;
    await session.start();
    await eventually('renewals in place of beats', () => service.partitions.length > 1 && !session.needsBeats);
    expect(service.partitions[0]).toEqual([3]);
    service.before = () => new Promise(() => undefined);
    await eventually('the silence', () => session.needsBeats);
  });

  test('needs beats where renewals do not suffice', async () => {
    const { service, order } = open(async () => undefined);
    await session.start();
    await eventually('some renewals', () => order.length > 3);
    expect([session.needsBeats, service.partitions]).toEqual([true, []]);
  });

  test('does not take a session back when another process has the launcher', async () => {
    let taken = false;
    const { service, told } = open(async () => {
      if (taken) throw new MaridError('STALE_SESSION', 'Another worker has taken over this launcher.');
    });
    await session.start();
    await eventually('the registration', () => session.mayClaim);
    taken = true;
    service.sessionCurrent = false;
    await eventually('the end', () => told.length > 0);
    expect(told[0]?.message).toContain('Run one worker only on a state folder');
    expect([service.registrations.length, session.mayClaim]).toEqual([1, false]);
  });

  test('ends when a later process has registered in its place, but not before it was ever registered', async () => {
    const { service, told } = open(async () => undefined);
    let refusals = 0;
    const refuse = async (): Promise<void> => {
      refusals += 1;
      throw new MaridError('STALE_SESSION', 'A later process of worker w has registered a moment ago.');
    };
    service.before = refuse;
    await session.start();
    await eventually('two refusals', () => refusals === 2);
    service.before = async () => undefined;
    await eventually('the registration', () => session.mayClaim);
    expect(told).toEqual([]);
    service.before = refuse;
    await eventually('the end', () => told.length > 0);
    expect(told[0]?.message).toContain('delete the file worker-id');
  });
});
