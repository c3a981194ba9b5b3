/** gRPC handlers of applications. */
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { applicationFromMessage, applicationToMessage } from '../../../proto/codec/index.js';
import {
  ApplicationStatus,
  type Application as ApplicationMessage,
} from '../../../proto/gen/marid/v1/application_pb.js';
import type { ApplicationService } from '../../../proto/gen/marid/v1/application_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { ResourceService } from '../registry/resource-service.js';

/** Handlers over the entries of the kind. */
export function createApplicationHandlers(
  entries: ResourceService<'application'>,
): ServiceHandlers<typeof ApplicationService> {
  return {
    createApplication: async (request) => {
      const given = applicationFromMessage(required(request.application));
      return { application: applicationToMessage(await entries.create(given)) };
    },
    getApplication: async (request) => ({ application: applicationToMessage(await entries.get(request.id)) }),
    listApplications: async (request) => {
      const statuses = request.statuses.map((status) => ApplicationStatus[status] ?? 'UNKNOWN');
      const page = entries.list({ ...request, statuses: statuses.filter((status) => status !== 'UNSPECIFIED') });
      return { applications: page.entries.map(applicationToMessage), nextPageToken: page.nextPageToken };
    },
    updateApplication: async (request) => {
      const message = required(request.application);
      const given = applicationFromMessage(message);
      const statusGiven = message.status !== ApplicationStatus.UNSPECIFIED;
      const change = { given, mask: request.updateMask?.paths ?? [], statusGiven };
      return { application: applicationToMessage(await entries.update(change, message.etag)) };
    },
    deleteApplication: async (request) => {
      await entries.delete(request.id, request.etag);
      return {};
    },
  };
}

function required(message: ApplicationMessage | undefined): ApplicationMessage {
  if (message === undefined) throw invalidArgument([{ field: 'application', description: 'is required' }]);
  return message;
}
