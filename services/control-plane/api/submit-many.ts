/** Submits of one stream. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { inOrder } from '../../../core/loops/in-order.js';
import type { Logger } from '../../../core/ports/logger.js';
import type {
  SubmitJobRequest,
  SubmitJobsRequest,
  SubmitJobsResponseSchema,
} from '../../../proto/gen/marid/v1/job_service_pb.js';
import { errorToStatus } from '../../../proto/rpc/error-details.js';
import { publicError } from '../../../proto/rpc/public-error.js';
import type { CallContext } from '../../../proto/rpc/service.js';
import type { Submitted } from '../submit/submitter.js';

/** Requests of one stream that may be under way. Those that are read in one turn of the event loop share a commit. */
const AT_ONCE = 512;

/** Answers in the order of the requests. A request that is refused, for whatever reason, is an answer as well. */
export function submitMany(
  { submit, logger }: { readonly submit: (request: SubmitJobRequest) => Promise<Submitted>; readonly logger: Logger },
  requests: AsyncIterable<SubmitJobsRequest>,
  { peer }: CallContext,
): AsyncIterable<MessageInitShape<typeof SubmitJobsResponseSchema>> {
  return inOrder(requests, AT_ONCE, async (request) => {
    try {
      if (request.submit === undefined) throw invalidArgument([{ field: 'submit', description: 'is required' }]);
      const { job, created } = await submit(request.submit);
      return { outcome: { case: 'accepted', value: { jobId: job.id, created } } };
    } catch (error) {
      const known = publicError(error, { logger, method: 'SubmitJobs', peer });
      return { outcome: { case: 'refused', value: errorToStatus(known) } };
    }
  });
}
