/** What a job is found by: one token per fact, the same for every store. */
import type { Job } from '../../core/job/job.js';
import type { JobFilter } from '../../core/ports/job-store.js';

/** What a token can be about. */
type TokenKind = 'user' | 'name' | 'tag' | 'cluster' | 'command' | 'grouping' | 'instance';

/** All tokens of a job, each once. They follow from what never changes, so they never change either. */
export function tokensOfJob(job: Pick<Job, 'id' | 'request' | 'resolution'>): readonly string[] {
  const { request, resolution } = job;
  return distinct([
    token('user', request.user),
    token('name', request.name === '' ? job.id : request.name),
    ...request.tags.map((tag) => token('tag', tag)),
    token('cluster', resolution.cluster.id),
    token('cluster', resolution.cluster.name),
    token('command', resolution.command.id),
    token('command', resolution.command.name),
    ...optional('grouping', request.grouping),
    ...optional('instance', request.groupingInstance),
  ]);
}

/** The tokens that a job must have to pass a filter; those that select most come first, as a rule. */
export function tokensOfFilter(filter: JobFilter): readonly string[] {
  return distinct([
    ...optional('instance', filter.groupingInstance),
    ...optional('name', filter.name),
    ...optional('grouping', filter.grouping),
    ...filter.tags.map((tag) => token('tag', tag)),
    ...optional('user', filter.user),
    ...optional('command', filter.command),
    ...optional('cluster', filter.cluster),
  ]);
}

/** JSON's escapes keep control characters, which a product may not store in a key, out of the token. */
function token(kind: TokenKind, value: string): string {
  return `${kind}:${JSON.stringify(value).slice(1, -1)}`;
}

function optional(kind: TokenKind, value: string | null): readonly string[] {
  return value === null || value === '' ? [] : [token(kind, value)];
}

function distinct(tokens: readonly string[]): readonly string[] {
  return [...new Set(tokens)];
}
