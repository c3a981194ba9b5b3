/** Statuses of archives: names without prefix in the domain. */
import { ARCHIVE_STATUSES, type ArchiveStatus } from '../../core/archive/archive-status.js';
import { ArchiveStatus as ArchiveStatusMessage } from '../gen/marid/v1/job_pb.js';

/** A status as the message's enum; unspecified for `null`. */
export function archiveStatusToMessage(status: ArchiveStatus | null): ArchiveStatusMessage {
  return status === null ? ArchiveStatusMessage.UNSPECIFIED : ArchiveStatusMessage[status];
}

/** The status of a message's enum; `null` when unspecified or unknown. */
export function archiveStatusFromMessage(message: ArchiveStatusMessage): ArchiveStatus | null {
  return ARCHIVE_STATUSES.find((status) => ArchiveStatusMessage[status] === message) ?? null;
}
