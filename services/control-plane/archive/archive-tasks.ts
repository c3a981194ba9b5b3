/** What the leader does for archives and attachments. */
import type { ControlPlaneOptions } from '../options.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { LeaderTask } from '../leader/leader-task.js';
import { AttachmentRetentionTask } from '../attachments/attachment-retention-task.js';
import { ArchiveRetentionTask } from './archive-retention-task.js';
import { ArchiveStatusTask } from './archive-status-task.js';

/** The tasks. */
export function archiveTasks(
  { config, engines, runtime: { clock } }: ControlPlaneOptions,
  jobs: JobRepository,
): readonly LeaderTask[] {
  const { blobs, survey, jobs: store } = engines;
  const { archiveUnknownAfterMs, attachmentRetentionMs } = config;
  return [
    new ArchiveStatusTask({ survey, jobs, archiveUnknownAfterMs, clock }),
    new ArchiveRetentionTask({ store, blobs, clock }),
    new AttachmentRetentionTask({ store, blobs, attachmentRetentionMs, clock }),
  ];
}
