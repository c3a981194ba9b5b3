/** A worker's claims over a control plane in memory. */
import { expect } from '@jest/globals';
import { MemoryBudget } from '../../../../../core/dispatch/budget.js';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { WorkerService } from '../../../../../proto/gen/marid/v1/worker_service_pb.js';
import { ClaimGate } from '../../../../../workers/gateway/claiming/claim-gate.js';
import { Claimer } from '../../../../../workers/gateway/claiming/claimer.js';
import { NextPuller } from '../../../../../workers/gateway/claiming/next-puller.js';
import { LeaseKeeper } from '../../../../../workers/gateway/session/lease-keeper.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { createInProcessClient } from '../../../../support/in-process-client.js';
import { MemoryWorkerService } from '../../../../support/memory-worker-service.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';
import { specificationWith } from '../specification.js';

const stops: (() => Promise<void>)[] = [];

/** Ends what was opened: for `afterEach`. */
export async function stopClaiming(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
}

/** An answer that is lost. */
export const unavailable = (): Promise<never> => Promise.reject(new MaridError('UNAVAILABLE', 'away'));

/** Opens the parts; jobs that were claimed are listed in `started`. */
export function openClaiming(budgetMb = 1000) {
  const service = new MemoryWorkerService();
  const started: string[] = [];
  const settled: string[] = [];
  const clock = new FakeClock();
  const gate = new ClaimGate();
  const budget = new MemoryBudget(budgetMb);
  let refusals = 0;
  const lease = new LeaseKeeper({ launcher: { renew: async () => undefined }, clock, logger: new QuietLogger() });
  void lease.renewed(lease.mark(), 100_000);
  const shared = {
    ...{ clock, gate, lease, budget, random: new SeededRandom(), logger: new QuietLogger() },
    client: createInProcessClient(WorkerService, service.handlers, { early: true }),
    identity: { workerId: 'w', session: 's' },
    onRoom: () => undefined,
    onRefused: () => void (refusals += 1),
    reservedFor: () => null,
    onReservation: () => undefined,
  };
  const claimer = new Claimer({ ...shared, onClaimed: (job) => started.push(job.jobId) });
  const puller = new NextPuller({
    ...shared,
    isIdle: () => claimer.size === 0,
    mayClaim: () => true,
    callsWait: () => service.claimNextWaits,
    onClaimed: (job) => {
      expect(budget.reserve(job.jobId, job.resolution.memoryMb)).toBe(true);
      started.push(job.jobId);
    },
  });
  stops.push(async () => {
    const ended = Promise.all([claimer.stop(), puller.stop()]);
    await gate.close();
    await ended;
  });
  const offer = (jobId: string, memoryMb = 100): boolean => {
    return claimer.claim({ jobId, memoryMb, settled: () => settled.push(jobId) });
  };
  const wait = (jobId: string, memoryMb = 100): void => {
    service.waiting.set(jobId, specificationWith({ jobId, memoryMb }));
  };
  gate.open();
  return { service, claimer, puller, gate, budget, clock, started, settled, offer, wait, refusals: () => refusals };
}
