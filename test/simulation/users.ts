/** The users of a simulation: they submit jobs and kill some, and repeat what has no answer. */
import { isMaridError } from '../../core/errors/marid-error.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Random } from '../../core/ports/random.js';
import { toOptionalDuration } from '../../proto/codec/time.js';
import { JobService } from '../../proto/gen/marid/v1/job_service_pb.js';
import type { ServiceClient } from '../../proto/rpc/service.js';
import type { JobPlan } from './scenario.js';
import { SimProcess } from './sim-process.js';
import type { World } from './world.js';

const CALL_TIMEOUT_MS = 5000;
const AGAIN_MS = 1500;

/** Their process never ends. */
export class Users {
  /** Wishes that were not acknowledged yet. */
  open = 0;
  readonly #client: ServiceClient<typeof JobService>;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(
    private readonly world: World,
    planes: readonly string[],
  ) {
    const process = new SimProcess({ name: 'users', timeline: world.timeline, skew: { ms: 0 } });
    this.#client = world.network.client(JobService, process, planes);
    this.#clock = process.clock;
    this.#random = world.chance('users');
  }

  /** Submits a job, and kills it if that is the plan. */
  async want(plan: JobPlan): Promise<void> {
    this.open += 1;
    await this.#clock.sleep(plan.submitAt);
    const { id: jobId } = plan;
    await this.#untilAnswered(() =>
      this.#client.submitJob({ jobId, job: requestOf(plan) }, { timeoutMs: CALL_TIMEOUT_MS }),
    );
    this.world.history.record({ kind: 'submitted', jobId });
    if (plan.killAfterMs !== null) {
      await this.#clock.sleep(plan.killAfterMs);
      await this.#untilAnswered(() => this.#client.killJob({ jobId, user: 'ada' }, { timeoutMs: CALL_TIMEOUT_MS }));
      this.world.history.record({ kind: 'kill-acknowledged', jobId });
    }
    this.open -= 1;
  }

  async #untilAnswered(call: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        if (!isMaridError(error) || !error.retryable) {
          this.world.history.record({ kind: 'defect', what: `a user got ${String(error)}` });
        }
        await this.#clock.sleep(this.#random.next() * AGAIN_MS);
      }
    }
  }
}

function requestOf({ pool, memoryMb, maxAttempts, timeoutMs }: JobPlan) {
  return {
    ...{ user: 'ada', pool, memoryMb, maxAttempts, arguments: ['x'], timeout: toOptionalDuration(timeoutMs) },
    clusterCriteria: [{ tags: ['test'] }],
    commandCriterion: { tags: ['test'] },
  };
}
