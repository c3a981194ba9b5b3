/** YAML files with any number of documents, each with the way back from a value to its line. */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import { errorText } from '../../core/errors/system-error.js';
import { invalidArgument, MaridError, type FieldViolation } from '../../core/errors/marid-error.js';
import type { CliContext } from '../context.js';

/** Way to a value inside a document: keys and indexes. */
export type ValuePath = readonly (string | number)[];

/** A document with the way back from a value to where it was written. */
export interface SourceDocument {
  /** The content as plain values. */
  readonly value: unknown;
  /** A problem with the value at a path: names its place. */
  problem(path: ValuePath, description: string): FieldViolation;
  /** The text of a plain value as written, for example `3.10`; `null` when there is none. */
  sourceOf(path: ValuePath): string | null;
}

/** One document of a file. */
export class InputDocument implements SourceDocument {
  constructor(
    /** Path as given, or `<stdin>`. */
    readonly file: string,
    /** Number in the file, from 1. */
    readonly number: number,
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {}

  /** The content as plain values. */
  get value(): unknown {
    const content: unknown = this.document.toJS();
    return content;
  }

  /** A problem with the value at a path: names file, line, column, document and path. */
  problem(path: ValuePath, description: string): FieldViolation {
    const at = path.length === 0 ? '' : ` ${path.join('.')}`;
    return {
      field: `${this.file}:${this.position(path)}`,
      description: `document ${this.number}${at}: ${description}`,
    };
  }

  /** The text of a plain value as written, for example `3.10`; `null` when there is none. */
  sourceOf(path: ValuePath): string | null {
    const node = this.document.getIn(path, true);
    return isScalar(node) ? (node.source ?? null) : null;
  }

  private position(path: ValuePath): string {
    const start = keyOf(this.document, path)?.range?.[0] ?? this.document.range[0];
    const { line, col } = this.lines.linePos(start);
    return `${line}:${col}`;
  }
}

/** Reads files in order, `-` being standard input. Throws `INVALID_ARGUMENT` with every syntax error of all files, NOT_FOUND without the file. */
export async function readDocuments(context: CliContext, files: readonly string[]): Promise<readonly InputDocument[]> {
  const documents: InputDocument[] = [];
  const problems: FieldViolation[] = [];
  for (const file of files) {
    const name = file === '-' ? '<stdin>' : file;
    const text = file === '-' ? await context.readStdin() : await readText(file);
    parseDocuments(name, text, documents, problems);
  }
  if (problems.length > 0) throw invalidArgument(problems);
  return documents;
}

function parseDocuments(file: string, text: string, into: InputDocument[], problems: FieldViolation[]): void {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  if (!Array.isArray(parsed)) return;
  for (const [index, document] of parsed.entries()) {
    for (const error of document.errors) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      problems.push({ field: `${file}:${line}:${col}`, description: error.message });
    }
    // A comment or a `---` alone is no document.
    const empty = isScalar(document.contents) ? document.contents.value === null : document.contents === null;
    if (!empty && document.errors.length === 0) into.push(new InputDocument(file, index + 1, document, lineCounter));
  }
}

/** The key at the end of a path, else the value. */
function keyOf(document: Document.Parsed, path: ValuePath): Node | null {
  const last = path.at(-1);
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === last);
    if (isScalar(pair?.key)) return pair.key;
  }
  const node = path.length > 0 ? document.getIn(path, true) : document.contents;
  return isScalar(node) || isMap(node) ? node : null;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new MaridError('NOT_FOUND', `Cannot read ${file}: ${errorText(error)}`, { cause: error });
  }
}
