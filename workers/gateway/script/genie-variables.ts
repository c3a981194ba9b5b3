/** The `GENIE_*` variables that a job finds, with the formats of Genie 4: setup files written for it work unchanged. */
import type { JobSpecification } from '../../../core/job/job.js';

/** Pairs of name and value, in the order in which they are exported. Absent optional values are empty strings. */
export function genieVariables(specification: JobSpecification): readonly (readonly [string, string])[] {
  const { request, resolution } = specification;
  const requested = request.clusterCriteria.map((criterion) => tagText(criterion.tags));
  return [
    ['GENIE_VERSION', '4'],
    ['GENIE_CLUSTER_ID', resolution.cluster.id],
    ['GENIE_CLUSTER_NAME', resolution.cluster.name],
    ['GENIE_CLUSTER_TAGS', tagText(resolution.cluster.tags)],
    ['GENIE_COMMAND_ID', resolution.command.id],
    ['GENIE_COMMAND_NAME', resolution.command.name],
    ['GENIE_COMMAND_TAGS', tagText(resolution.command.tags)],
    ['GENIE_JOB_ID', specification.jobId],
    ['GENIE_JOB_NAME', request.name === '' ? specification.jobId : request.name],
    ['GENIE_JOB_MEMORY', String(resolution.memoryMb)],
    ['GENIE_JOB_TAGS', tagText(request.tags)],
    ['GENIE_JOB_GROUPING', request.grouping],
    ['GENIE_JOB_GROUPING_INSTANCE', request.groupingInstance],
    ['GENIE_REQUESTED_COMMAND_TAGS', tagText(request.commandCriterion.tags)],
    ['GENIE_REQUESTED_CLUSTER_TAGS', requested.map((tags) => `[${tags}]`).join(',')],
    ['GENIE_USER', request.user],
    ['GENIE_USER_GROUP', request.group],
    ...requested.map((tags, index) => [`GENIE_REQUESTED_CLUSTER_TAGS_${index}`, tags] as const),
  ];
}

/** Tags, sorted and joined by commas. */
function tagText(tags: readonly string[]): string {
  return [...tags].sort().join(',');
}
