import { describe, expect, test } from '@jest/globals';
import { createInProcessClient } from '../../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { WorkerService } from '../../../../../proto/gen/marid/v1/worker_service_pb.js';
import { ClaimGate } from '../../../../../workers/gateway/claiming/claim-gate.js';
import { ControlPlaneSession } from '../../../../../workers/gateway/session/control-plane-session.js';
import { LeaseKeeper } from '../../../../../workers/gateway/session/lease-keeper.js';
import { eventually } from '../../../../support/eventually.js';
import { MemoryWorkerService } from '../../../../support/memory-worker-service.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

describe('ControlPlaneSession', () => {
  test('ends what was lost before the launcher hears of the renewal, so that nothing of it starts under the new lease', async () => {
    const order: string[] = [];
    const service = new MemoryWorkerService();
    const [clock, logger] = [new SystemClock(), new QuietLogger()];
    service.before = async () => void order.push('called');
    const renew = async (): Promise<void> => void order.push('renewed');
    const attempt = { jobId: 'job', attempt: 1 };
    const facts = { pool: 'default', host: 'h', address: 'h:1', memoryBudgetMb: 1, version: '1' };
    const session = new ControlPlaneSession({
      client: createInProcessClient(WorkerService, service.handlers),
      worker: { workerId: 'w', session: 's', ...facts },
      gate: new ClaimGate(),
      lease: new LeaseKeeper({ launcher: { renew }, clock, logger }),
      ...{ clock, random: new SeededRandom(), logger },
      memoryFreeMb: () => 1,
      held: () => [attempt],
      recentlyHeld: () => [attempt],
      onKill: () => undefined,
      onLost: () => order.push('lost'),
      onRepeat: () => undefined,
      onReady: () => undefined,
    });
    await session.start();
    service.orders = { lost: [attempt], kills: [] };
    const lost = await eventually('the loss and the next call', () => {
      const index = order.indexOf('lost');
      return order.indexOf('called', index) > index && index > 0 && index;
    });
    await session.stop();
    expect(order.slice(lost - 1, lost + 2)).toEqual(['called', 'lost', 'renewed']);
  });
});
