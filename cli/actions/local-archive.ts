/** The archive of a job of `marid run --local`: only for who asks for it, because its output goes to the terminal. */
import { create } from '@bufbuild/protobuf';
import type { MaridClient } from '../../client/marid-client.js';
import { ArchiveRequestSchema, ArchiveStatus, type JobRequest } from '../../proto/gen/marid/v1/job_pb.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';

/** How long the archive may take, in milliseconds; the agent itself tries for less. */
const PATIENCE_MS = 120_000;
const LOOK_MS = 250;
/** What there is to say of an archive that is not there. */
const WHY: Readonly<Record<ArchiveStatus, string>> = {
  [ArchiveStatus.UNSPECIFIED]: 'it was not asked for',
  [ArchiveStatus.PENDING]: 'it took too long',
  [ArchiveStatus.ARCHIVED]: '',
  [ArchiveStatus.FAILED]: 'it failed',
  [ArchiveStatus.DISABLED]: "this command's configuration says `archive: false`",
  [ArchiveStatus.NO_FILES]: 'there are none',
  [ArchiveStatus.UNKNOWN]: 'nothing is known of it',
};

/** Whether there is to be an archive: `asked` on the command line, or by the request itself; what does not ask gets none. */
export function settleArchive(request: JobRequest, asked: boolean): boolean {
  request.archive ??= create(ArchiveRequestSchema, { disabled: true });
  if (asked) request.archive.disabled = false;
  return !request.archive.disabled;
}

/** Waits until the archive of the job's last attempt is decided, or for `signal`, and says so when there is none. */
export async function awaitArchive(
  context: CliContext,
  client: MaridClient,
  { jobId, signal }: { readonly jobId: string; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = context.clock.now() + PATIENCE_MS;
  for (;;) {
    const attempt = (await client.get(jobId)).attempts.at(-1);
    const { archiveStatus = ArchiveStatus.UNSPECIFIED, archiveMessage = '' } = attempt ?? {};
    if (archiveStatus === ArchiveStatus.ARCHIVED || archiveStatus === ArchiveStatus.NO_FILES) return;
    if (archiveStatus !== ArchiveStatus.PENDING || signal.aborted || context.clock.now() > deadline) {
      const why = archiveMessage === '' ? WHY[archiveStatus] : archiveMessage;
      await context.stderr.write(`marid: the files of job ${escapeText(`${jobId} were not archived: ${why}`)}\n`);
      return;
    }
    await context.clock.sleep(LOOK_MS, signal);
  }
}
