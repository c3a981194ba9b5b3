/** Pages of jobs. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { parseOrderBy } from '../../../core/listing/order-by.js';
import { decodePageToken, encodePageToken } from '../../../core/listing/page-token.js';
import type { JobFilter, JobPosition, JobStore } from '../../../core/ports/job-store.js';
import { jobFilterFromMessage, jobToMessage, statusFromMessage } from '../../../proto/codec/index.js';
import type { ListJobsRequest, ListJobsResponseSchema } from '../../../proto/gen/marid/v1/job_service_pb.js';
import { limitOf, positionViolation } from '../paging.js';

const DEFAULT_PAGE = 50;
const MOST_TAGS = 100;

/** A page of the jobs that pass the filter, in the basic view. `INVALID_ARGUMENT` for wrong sizes, orders, statuses and tokens. */
export async function listJobs(
  store: JobStore,
  request: ListJobsRequest,
): Promise<MessageInitShape<typeof ListJobsResponseSchema>> {
  const limit = limitOf(request.pageSize, DEFAULT_PAGE);
  const { descending } = parseOrderBy(request.orderBy, ['create_time'], { field: 'create_time', descending: true });
  const filter = filterOf(request);
  const fingerprint = JSON.stringify([filter, descending]);
  const after = request.pageToken === '' ? null : decodePosition(request.pageToken, fingerprint);
  const order = descending ? 'newest' : 'oldest';
  const found = await store.list({ filter, order, after, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    jobs: page.map((job) => jobToMessage(job, 'basic')),
    nextPageToken: more ? encodePageToken({ position: [last.createdAt, last.id], fingerprint }) : '',
  };
}

function filterOf(request: ListJobsRequest): JobFilter {
  const { filter } = request;
  const unknown = filter?.statuses.some((status) => statusFromMessage(status) === null) ?? false;
  const violations = [];
  if (unknown)
    violations.push({ field: 'filter.statuses', description: 'has a status that this server does not know' });
  if ((filter?.tags.length ?? 0) > MOST_TAGS) {
    violations.push({ field: 'filter.tags', description: `must be at most ${String(MOST_TAGS)} tags` });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return jobFilterFromMessage(filter);
}

function decodePosition(token: string, fingerprint: string): JobPosition {
  const [createdAt, id] = decodePageToken(token, fingerprint);
  if (typeof createdAt !== 'number' || typeof id !== 'string') throw positionViolation();
  return { createdAt, id };
}
