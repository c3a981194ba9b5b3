/** Uploads the files that go with a new job. */
import { create } from '@bufbuild/protobuf';
import type { MaridClient } from '../../client/marid-client.js';
import { AttachmentSchema, type JobRequest } from '../../proto/gen/marid/v1/job_pb.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { formatBytes } from '../output/times.js';

/** An upload that takes longer shows how far it is, and again as often. */
const NOTICE_MS = 1_000;

/** Adds the files to a request, once they are there. */
export async function attachFiles(
  context: CliContext,
  client: MaridClient,
  request: JobRequest,
  options: { readonly paths: readonly string[] | undefined; readonly signal?: AbortSignal },
): Promise<void> {
  for (const path of options.paths ?? []) {
    const onProgress = progressOf(context, path);
    const attachment = await client.attach(path, { onProgress, signal: options.signal });
    request.attachments.push(create(AttachmentSchema, attachment));
  }
}

function progressOf({ clock, stderr }: CliContext, path: string): (sent: number, size: number) => void {
  let told = clock.monotonic();
  return (sent, size) => {
    const now = clock.monotonic();
    if (!stderr.isTerminal || now - told < NOTICE_MS) return;
    told = now;
    const percent = size === 0 ? 100 : Math.floor((100 * sent) / size);
    void stderr.write(`marid: ${escapeText(path)}: ${String(percent)} % of ${formatBytes(BigInt(size))}\n`);
  };
}
