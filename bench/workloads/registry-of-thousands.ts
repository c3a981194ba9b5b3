/** A registry as a large company has it, and requests that fit it. */
import type { JobRequest } from '../../core/job/job.js';
import type { Cluster, Command, Criterion, RegistrySnapshot, ResourceBase } from '../../core/registry/resource.js';

const SIZE = 1000;
const CRITERIA = 3;

/** 1,000 clusters and 1,000 commands with 3 criteria each; a tag is had by one in 10, 50 or 2 of them. */
export function registryOfThousands(): RegistrySnapshot {
  return {
    revision: 1,
    applications: [],
    clusters: Array.from({ length: SIZE }, (_, n): Cluster => ({
      ...base(`cluster-${String(n)}`, [`type:${String(n % 10)}`, `team:${String(n % 50)}`, `sched:${String(n % 2)}`]),
      status: 'UP',
    })),
    commands: Array.from({ length: SIZE }, (_, n): Command => ({
      ...base(`command-${String(n)}`, [`client:${String(n % 20)}`, `ver:${String(n % 7)}`]),
      status: 'ACTIVE',
      executable: ['true'],
      clusterCriteria: Array.from({ length: CRITERIA }, (__, at) => tagged([`type:${String((n + at) % 10)}`])),
      applicationIds: [],
      memoryMb: null,
    })),
  };
}

/** A request with 3 cluster criteria, of which the last finds clusters; `n` varies it. */
export function requestFor(n: number): JobRequest {
  const asked = [['none'], [`team:${String(n % 50)}`, 'none'], [`team:${String(n % 50)}`, `sched:${String(n % 2)}`]];
  return {
    ...{ name: 'bench', user: 'bench', version: '1', description: '', metadata: {}, tags: [], applicationIds: [] },
    ...{ clusterCriteria: asked.map(tagged), commandCriterion: tagged([`client:${String(n % 20)}`]) },
    ...{ arguments: [], rawArguments: '', environment: {}, configs: [], dependencies: [], setupFile: null },
    ...{ memoryMb: null, timeoutMs: null, maxAttempts: null, pool: 'default' },
    ...{ grouping: '', groupingInstance: '', group: '', email: '' },
  };
}

function tagged(tags: readonly string[]): Criterion {
  return { id: null, name: null, version: null, status: null, tags };
}

function base(id: string, tags: readonly string[]): ResourceBase {
  const texts = { id, name: id, user: 'bench', version: '1', description: '' };
  return {
    ...texts,
    metadata: {},
    tags,
    configs: [],
    dependencies: [],
    setupFile: null,
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
  };
}
