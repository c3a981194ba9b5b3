/** What `marid files` does. */
import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { isErrno, errorText } from '../../core/errors/system-error.js';
import type { MaridClient } from '../../client/marid-client.js';
import { MaridError } from '../../core/errors/marid-error.js';
import { JobFileSchema, type JobFile } from '../../proto/gen/marid/v1/job_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { printList, type OutputFormat, type Presentation } from '../output/print.js';
import { formatAge, formatBytes } from '../output/times.js';

interface FilesOptions {
  readonly cat?: boolean;
  readonly download?: string;
  readonly attempt?: number;
  readonly output: OutputFormat;
}

/** Lists or reads. */
export async function showFiles(
  context: CliContext,
  command: Command,
  jobId: string,
  path: string | undefined,
): Promise<void> {
  const options = command.opts<FilesOptions>();
  const reads = options.cat === true || options.download !== undefined;
  if (reads && path === undefined) command.error('error: --cat and --download need the path of a file');
  await withClient(context, command, async (client) => {
    if (!reads || path === undefined) return listFiles(context, client, jobId, path, options);
    const content = client.readFile(jobId, path, { attempt: options.attempt });
    if (options.download !== undefined) return saveAs(options.download, content);
    for await (const bytes of content) await context.stdout.write(bytes);
  });
}

async function listFiles(
  context: CliContext,
  client: MaridClient,
  jobId: string,
  folder: string | undefined,
  options: FilesOptions,
): Promise<void> {
  const files: JobFile[] = [];
  let cut = false;
  for (let pageToken: string | null = ''; pageToken !== null;) {
    const page = await client.listFiles(jobId, { folder, attempt: options.attempt, pageToken });
    files.push(...page.files);
    cut = page.truncated && page.nextPageToken === '';
    pageToken = page.nextPageToken === '' ? null : page.nextPageToken;
  }
  await printList(context, options.output, filePresentation(context), files);
  if (cut) await context.stderr.write('marid: there may be more files: name a folder to see the rest\n');
}

function filePresentation(context: CliContext): Presentation<typeof JobFileSchema> {
  const now = context.clock.now();
  return {
    schema: JobFileSchema,
    id: (file) => file.path,
    columns: [
      { title: 'PATH', value: (file) => file.path },
      { title: 'SIZE', value: (file) => formatBytes(file.sizeBytes) },
      { title: 'WRITTEN', value: (file) => formatAge(file.modifyTime, now) },
    ],
  };
}

/** Writes a new file, never over an old one. */
async function saveAs(target: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await openNew(target);
  try {
    for await (const bytes of content) await file.write(bytes);
  } finally {
    await file.close();
  }
}

async function openNew(target: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(target, 'wx');
  } catch (error) {
    if (isErrno(error, 'EEXIST'))
      throw new MaridError('ALREADY_EXISTS', `${target} exists already: choose another name.`);
    throw new MaridError('INVALID_ARGUMENT', `Cannot write ${target}: ${errorText(error)}`, { cause: error });
  }
}
