/** Looks for jobs that wait although a worker has room: to be used when everything is healthy. */
import { create } from '@bufbuild/protobuf';
import { ProbeRequestSchema } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { WorkerNode } from './worker-node.js';
import type { World } from './world.js';

const LOOK_EVERY_MS = 500;

/** Records a job as soon as one worker has had room for it for too long and has claimed nothing else meanwhile; one that is reserved for a job has no room for others. */
export class IdleRoom {
  /** By job and worker: since when the one waits and the other has room. */
  #since = new Map<string, number>();
  /** When each worker has claimed something last. */
  readonly #claimedAt = new Map<string, number>();
  #read = 0;

  constructor(
    private readonly world: World,
    private readonly workers: readonly WorkerNode[],
    private readonly boundMs: number,
  ) {}

  /** Looks again and again from now on. */
  watch(): void {
    void this.#look();
    this.world.timeline.at(LOOK_EVERY_MS, () => this.watch());
  }

  async #look(): Promise<void> {
    const { store, timeline, history } = this.world;
    this.#followClaims();
    const rooms = await Promise.all(this.workers.filter(({ gone }) => !gone).map((worker) => this.#roomOf(worker)));
    const since = new Map<string, number>();
    for (const job of store.jobs.values()) {
      const rests = job.attempt > 0 && job.offers === 0;
      if (job.status !== 'ACCEPTED' || rests) continue;
      for (const { worker, freeMb } of rooms) {
        const reserved = (store.workers.get(worker.name)?.reservation ?? null) !== null;
        if (reserved || worker.pool !== job.pool || freeMb < job.memoryMb) continue;
        const key = `${job.id} ${worker.name}`;
        const began = Math.max(this.#since.get(key) ?? timeline.now, this.#claimedAt.get(worker.name) ?? 0);
        since.set(key, began);
        const forMs = timeline.now - began;
        if (forMs < this.boundMs) continue;
        history.record({ kind: 'idle-room', jobId: job.id, host: worker.name, forMs });
        since.delete(key);
      }
    }
    this.#since = since;
  }

  #followClaims(): void {
    const { entries } = this.world.history;
    for (const entry of entries.slice(this.#read)) {
      if (entry.kind === 'committed' && entry.job.status === 'CLAIMED') {
        this.#claimedAt.set(entry.job.claim?.workerId ?? '', entry.at);
      }
    }
    this.#read = entries.length;
  }

  /** What is left of a worker's budget beside the attempts that it holds. */
  async #roomOf(worker: WorkerNode): Promise<{ readonly worker: WorkerNode; readonly freeMb: number }> {
    const context = { signal: new AbortController().signal, peer: '' };
    const probed = await worker.gateway?.handlers.probe(create(ProbeRequestSchema), context);
    const held = (probed?.held ?? []).map((each) => this.#memoryOf(each.jobId ?? ''));
    return { worker, freeMb: probed === undefined ? 0 : held.reduce((free, mb) => free - mb, worker.memoryMb) };
  }

  #memoryOf(jobId: string): number {
    return this.world.store.jobs.get(jobId)?.memoryMb ?? 0;
  }
}
