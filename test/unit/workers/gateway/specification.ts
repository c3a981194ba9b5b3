/** Job specifications for tests: small, complete, with what each test is about. */
import type { JobRequest, JobSpecification } from '../../../../core/job/job.js';
import type { Application, Cluster, Command } from '../../../../core/registry/resource.js';

const NONE = { id: null, name: null, version: null, status: null, tags: [] };
const BASE = {
  ...{ user: 'ann', version: '1', description: '', metadata: {}, tags: [], configs: [], dependencies: [] },
  ...{ setupFile: null, createdAt: 0, updatedAt: 0, revision: 1 },
};

/** What a test may set. */
export interface SpecificationParts {
  readonly jobId?: string;
  readonly attempt?: number;
  readonly memoryMb?: number;
  readonly timeoutMs?: number;
  readonly request?: Partial<JobRequest>;
  readonly cluster?: Partial<Cluster>;
  readonly command?: Partial<Command>;
  readonly applications?: readonly Partial<Application>[];
}

/** A job that runs `true`, changed by the parts. */
export function specificationWith(parts: SpecificationParts = {}): JobSpecification {
  const { jobId = 'job-1', attempt = 1, memoryMb = 100, timeoutMs = 60_000 } = parts;
  return {
    ...{ jobId, attempt },
    request: {
      ...{ name: 'a job', user: 'ann', version: '', description: '', metadata: {}, tags: [] },
      ...{ clusterCriteria: [{ ...NONE, tags: ['x'] }], commandCriterion: { ...NONE, tags: ['y'] } },
      ...{ applicationIds: [], arguments: [], rawArguments: '', environment: {}, configs: [], dependencies: [] },
      ...{ setupFile: null, memoryMb: null, timeoutMs: null, maxAttempts: null, pool: '', grouping: '' },
      ...{ groupingInstance: '', group: '', email: '' },
      ...parts.request,
    },
    resolution: {
      cluster: { ...BASE, id: 'cluster-1', name: 'a cluster', status: 'UP', ...parts.cluster },
      command: {
        ...{ ...BASE, id: 'command-1', name: 'a command', status: 'ACTIVE', executable: ['true'] },
        ...{ clusterCriteria: [], applicationIds: [], memoryMb: null },
        ...parts.command,
      },
      applications: (parts.applications ?? []).map((application, index) => ({
        ...{ ...BASE, id: `application-${index}`, name: 'an application', status: 'ACTIVE', type: '' },
        ...application,
      })),
      ...{ memoryMb, timeoutMs },
    },
  };
}
