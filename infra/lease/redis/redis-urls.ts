/** Which servers a lease lies on. */
import { invalidArgument } from '../../../core/errors/marid-error.js';

/** Numbers of servers with a majority that outlives the loss of one or two, and the single server. */
const SERVER_COUNTS: readonly number[] = [1, 3, 5];

const DEFAULT_PORT = '6379';

/** Checks `redis://` and `rediss://` URLs; `INVALID_ARGUMENT` with every problem. No message has a URL in it: it may hold a password. */
export function checkRedisUrls(urls: readonly string[]): void {
  const labels = urls.map((url) => (isRedisUrl(url) ? labelOf(url) : null));
  const problems = labels.flatMap((label, index) => {
    const field = `redis_urls[${String(index)}]`;
    if (label === null) return [{ field, description: 'must be redis://host:port or rediss://host:port' }];
    if (labels.indexOf(label) === index) return [];
    return [{ field, description: `names ${label} again: each server must be another` }];
  });
  if (!SERVER_COUNTS.includes(urls.length)) {
    const description = `${String(urls.length)} servers given: must be 1, 3 or 5, so that there is a majority`;
    problems.unshift({ field: 'redis_urls', description });
  }
  if (problems.length > 0) throw invalidArgument(problems);
}

/** `host:port` of a URL: fit for the log and for people. */
export function labelOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? DEFAULT_PORT : port}`;
}

function isRedisUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== '';
}
