/** Jobs that are written to a store without a control plane. */
import { acceptJob } from '../../core/job/accept.js';
import type { Job } from '../../core/job/job.js';
import { registryOfThousands, requestFor } from './registry-of-thousands.js';

/** Makes the n-th job: an accepted one, of one of 100 users and with one of 1,000 tags. `createdAt`: its time, milliseconds since the epoch. */
export function jobMaker(createdAt: (n: number) => number): (n: number) => Job {
  const { clusters, commands } = registryOfThousands();
  return (n) => {
    const cluster = clusters[n % clusters.length];
    const command = commands[n % commands.length];
    if (cluster === undefined || command === undefined) throw new Error('the registry is not empty');
    const request = { ...requestFor(n), user: `user-${String(n % 100)}`, tags: [`team:${String(n % 1000)}`] };
    return acceptJob({
      ...{ id: `job-${String(n).padStart(9, '0')}`, request, requestHash: '', explanation: '', parentId: null },
      ...{ resolution: { cluster, command, applications: [], memoryMb: 16, timeoutMs: 60_000 } },
      ...{ now: createdAt(n), offerAfterMs: 0 },
    });
  };
}
