/** gRPC handlers of commands. */
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { commandFromMessage, commandToMessage } from '../../../proto/codec/index.js';
import { CommandStatus, type Command as CommandMessage } from '../../../proto/gen/marid/v1/command_pb.js';
import type { CommandService } from '../../../proto/gen/marid/v1/command_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { ResourceService } from '../registry/resource-service.js';

/** Handlers over the entries of the kind. */
export function createCommandHandlers(entries: ResourceService<'command'>): ServiceHandlers<typeof CommandService> {
  return {
    createCommand: async (request) => {
      const given = commandFromMessage(required(request.command));
      return { command: commandToMessage(await entries.create(given)) };
    },
    getCommand: async (request) => ({ command: commandToMessage(await entries.get(request.id)) }),
    listCommands: async (request) => {
      const statuses = request.statuses.map((status) => CommandStatus[status] ?? 'UNKNOWN');
      const page = entries.list({ ...request, statuses: statuses.filter((status) => status !== 'UNSPECIFIED') });
      return { commands: page.entries.map(commandToMessage), nextPageToken: page.nextPageToken };
    },
    updateCommand: async (request) => {
      const message = required(request.command);
      const given = commandFromMessage(message);
      const statusGiven = message.status !== CommandStatus.UNSPECIFIED;
      const change = { given, mask: request.updateMask?.paths ?? [], statusGiven };
      return { command: commandToMessage(await entries.update(change, message.etag)) };
    },
    deleteCommand: async (request) => {
      await entries.delete(request.id, request.etag);
      return {};
    },
  };
}

function required(message: CommandMessage | undefined): CommandMessage {
  if (message === undefined) throw invalidArgument([{ field: 'command', description: 'is required' }]);
  return message;
}
