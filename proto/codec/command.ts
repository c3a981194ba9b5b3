/** Commands of the registry. */
import type { Command, CommandStatus } from '../../core/registry/resource.js';
import { CommandStatus as StatusMessage, type Command as CommandMessage } from '../gen/marid/v1/command_pb.js';
import { numberOrNull } from './absent.js';
import { criterionFromMessage, criterionToMessage } from './criterion.js';
import { baseFromMessage, baseToMessage } from './resource-base.js';

const STATUS_TO_MESSAGE: Readonly<Record<CommandStatus, StatusMessage>> = {
  ACTIVE: StatusMessage.ACTIVE,
  DEPRECATED: StatusMessage.DEPRECATED,
  INACTIVE: StatusMessage.INACTIVE,
};

const STATUS_FROM_MESSAGE: Readonly<Record<StatusMessage, CommandStatus>> = {
  [StatusMessage.UNSPECIFIED]: 'ACTIVE',
  [StatusMessage.ACTIVE]: 'ACTIVE',
  [StatusMessage.DEPRECATED]: 'DEPRECATED',
  [StatusMessage.INACTIVE]: 'INACTIVE',
};

/** A command as a message. */
export function commandToMessage(command: Command): CommandMessage {
  return {
    $typeName: 'marid.v1.Command',
    ...baseToMessage(command),
    status: STATUS_TO_MESSAGE[command.status],
    executable: [...command.executable],
    clusterCriteria: command.clusterCriteria.map(criterionToMessage),
    applicationIds: [...command.applicationIds],
    memoryMb: command.memoryMb ?? 0,
  };
}

/** The command of a message. An unspecified or unknown status is the first, `ACTIVE`. */
export function commandFromMessage(message: CommandMessage): Command {
  return {
    ...baseFromMessage(message),
    status: STATUS_FROM_MESSAGE[message.status] ?? 'ACTIVE',
    executable: [...message.executable],
    clusterCriteria: message.clusterCriteria.map(criterionFromMessage),
    applicationIds: [...message.applicationIds],
    memoryMb: numberOrNull(message.memoryMb),
  };
}
