/** Jobs as JSON lines: one request for each line, as large as one likes in all. */
import { open } from 'node:fs/promises';
import { errorText } from '../../core/errors/system-error.js';
import { invalidArgument, MaridError, type FieldViolation } from '../../core/errors/marid-error.js';
import { JobRequestSchema, type JobRequest } from '../../proto/gen/marid/v1/job_pb.js';
import type { JobOptions } from '../commands/job-options.js';
import type { CliContext } from '../context.js';
import type { SourceDocument, ValuePath } from './documents.js';
import { editRequest, readJobId } from './job-request.js';
import { readMessage } from './to-message.js';

/** A line that holds a job. */
export interface JobLine {
  /** File and number, from 1, as errors name it. */
  readonly place: string;
  readonly id: string | undefined;
  readonly request: JobRequest;
}

/** The jobs of a file, or of standard input (`-`); blank lines are skipped. `onProblem` gets each line that is none, `INVALID_ARGUMENT`. Throws `NOT_FOUND` without the file. */
export async function* readJobLines(
  context: CliContext,
  file: string,
  options: { readonly edits: JobOptions; readonly args: readonly string[] },
  onProblem: (error: MaridError) => Promise<void>,
): AsyncGenerator<JobLine, void, undefined> {
  const name = file === '-' ? '<stdin>' : file;
  let number = 0;
  for await (const text of linesOf(file === '-' ? context.stdin() : readChunks(file))) {
    number += 1;
    if (text.trim() === '') continue;
    const line = readLine(`${name}:${String(number)}`, text);
    if (line instanceof Error) {
      await onProblem(line);
      continue;
    }
    if (line.request.user === '') line.request.user = context.userName();
    editRequest(line.request, options.edits, options.args);
    yield line;
  }
}

function readLine(place: string, text: string): JobLine | MaridError {
  const problems: FieldViolation[] = [];
  try {
    const document = new JsonLine(place, JSON.parse(text) as unknown);
    const id = readJobId(document, problems);
    const request = readMessage(JobRequestSchema, document, { except: ['apiVersion', 'kind', 'id'], problems });
    return request === null || problems.length > 0 ? invalidArgument(problems) : { place, id, request };
  } catch (error) {
    return invalidArgument([{ field: place, description: errorText(error) }]);
  }
}

/** One line as a document. */
class JsonLine implements SourceDocument {
  constructor(
    private readonly place: string,
    readonly value: unknown,
  ) {}

  problem(path: ValuePath, description: string): FieldViolation {
    return { field: this.place, description: path.length === 0 ? description : `${path.join('.')}: ${description}` };
  }

  /** JSON has numbers and texts apart: nothing is to be guessed. */
  sourceOf(): null {
    return null;
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const handle = await open(file, 'r');
    for await (const chunk of handle.createReadStream()) yield decodeChunk(chunk);
  } catch (error) {
    throw new MaridError('NOT_FOUND', `Cannot read ${file}: ${errorText(error)}`, { cause: error });
  }
}

/** What a stream without encoding gives. */
function decodeChunk(chunk: unknown): Uint8Array {
  return chunk as Uint8Array;
}
