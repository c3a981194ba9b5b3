/** Applications of the registry. */
import { create } from '@bufbuild/protobuf';
import type { Application, ApplicationStatus } from '../../core/registry/resource.js';
import {
  ApplicationSchema,
  ApplicationStatus as StatusMessage,
  type Application as ApplicationMessage,
} from '../gen/marid/v1/application_pb.js';
import { baseFromMessage, baseToMessage } from './resource-base.js';

const STATUS_TO_MESSAGE: Readonly<Record<ApplicationStatus, StatusMessage>> = {
  ACTIVE: StatusMessage.ACTIVE,
  DEPRECATED: StatusMessage.DEPRECATED,
  INACTIVE: StatusMessage.INACTIVE,
};

const STATUS_FROM_MESSAGE: Readonly<Record<StatusMessage, ApplicationStatus>> = {
  [StatusMessage.UNSPECIFIED]: 'ACTIVE',
  [StatusMessage.ACTIVE]: 'ACTIVE',
  [StatusMessage.DEPRECATED]: 'DEPRECATED',
  [StatusMessage.INACTIVE]: 'INACTIVE',
};

/** An application as a message. */
export function applicationToMessage(application: Application): ApplicationMessage {
  return create(ApplicationSchema, {
    ...baseToMessage(application),
    status: STATUS_TO_MESSAGE[application.status],
    type: application.type,
  });
}

/** The application of a message. An unspecified or unknown status is the first, `ACTIVE`. */
export function applicationFromMessage(message: ApplicationMessage): Application {
  return { ...baseFromMessage(message), status: STATUS_FROM_MESSAGE[message.status] ?? 'ACTIVE', type: message.type };
}
