/** The variables that a job gets by its request and by the entries it uses. Pure. */
import type { JobSpecification } from './job.js';

/** A variable and who set it. */
export interface JobVariable {
  readonly value: string;
  /** `cluster x`, `job x`. */
  readonly owner: string;
}

/** By name. Cluster, applications, command, job: the later wins. */
export function jobEnvironment({ jobId, request, resolution }: JobSpecification): ReadonlyMap<string, JobVariable> {
  const { cluster, applications, command } = resolution;
  const variables = new Map<string, JobVariable>();
  const add = (owner: string, environment: Readonly<Record<string, string>> = {}): void => {
    for (const [name, value] of Object.entries(environment)) variables.set(name, { value, owner });
  };
  add(`cluster ${cluster.id}`, cluster.environment);
  for (const application of applications) add(`application ${application.id}`, application.environment);
  add(`command ${command.id}`, command.environment);
  add(`job ${jobId}`, request.environment);
  return variables;
}
