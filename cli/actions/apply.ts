/** What `marid apply` does. */
import { toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { MaridClient } from '../../client/marid-client.js';
import { invalidArgument, isMaridError, type FieldViolation } from '../../core/errors/marid-error.js';
import { nearest } from '../../infra/runtime/nearest.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { readDocuments, type InputDocument } from '../input/documents.js';
import { readMessage } from '../input/to-message.js';
import { decodeEntry, REGISTRY_KINDS, type Entry, type RegistryKind } from '../kinds.js';
import { escapeText } from '../output/escape.js';
import { forEach } from './for-each.js';

/** How often one entry is tried when others write it at the same time. */
const MAX_ROUNDS = 5;

/** An entry as a file wants it. */
interface WantedEntry {
  readonly kind: RegistryKind;
  readonly entry: Entry;
}

type Outcome = 'created' | 'changed' | 'unchanged';

/** Reads and checks all files, then brings each entry into the wanted state. */
export async function applyFiles(context: CliContext, command: Command, more: readonly string[]): Promise<void> {
  const options = command.opts<{ readonly file?: readonly string[]; readonly dryRun?: boolean }>();
  const files = [...(options.file ?? []), ...more];
  if (files.length === 0) command.error('error: name a file with -f, or - for standard input');
  const wanted = readWanted(await readDocuments(context, files));
  const dryRun = options.dryRun === true;
  await withClient(context, command, (client) =>
    forEach(context, wanted, async ({ kind, entry }) => {
      const outcome = await applyEntry(client, kind, entry, dryRun);
      await context.stdout.write(`${kind.word} ${escapeText(entry.id)} ${outcome}${dryRun ? ' (dry run)' : ''}\n`);
    }),
  );
}

/** All entries, those first that others need. Throws `INVALID_ARGUMENT` with every problem. */
function readWanted(documents: readonly InputDocument[]): readonly WantedEntry[] {
  const problems: FieldViolation[] = [];
  const found: WantedEntry[] = [];
  const seen = new Set<string>();
  for (const document of documents) {
    const wanted = readEntry(document, problems);
    if (wanted === null) continue;
    const key = `${wanted.kind.word} ${wanted.entry.id}`;
    if (seen.has(key)) problems.push(document.problem(['id'], `${key} is given twice`));
    seen.add(key);
    found.push(wanted);
  }
  if (problems.length > 0) throw invalidArgument(problems);
  return REGISTRY_KINDS.flatMap((kind) => found.filter((wanted) => wanted.kind === kind));
}

function readEntry(document: InputDocument, problems: FieldViolation[]): WantedEntry | null {
  const kind = readKind(document, problems);
  if (kind === null) return null;
  const message = readMessage(kind.schema, document, { except: ['apiVersion', 'kind'], problems });
  if (message === null) return null;
  const entry = decodeEntry(kind, message);
  if (entry.id !== '') return { kind, entry };
  problems.push(document.problem([], `${kind.title} needs an id: without one every apply would create another`));
  return null;
}

function readKind(document: InputDocument, problems: FieldViolation[]): RegistryKind | null {
  const { value } = document;
  const given: unknown = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null;
  const titles = REGISTRY_KINDS.map(({ title }) => title);
  const found = REGISTRY_KINDS.find(({ title }) => title === given);
  if (found !== undefined) {
    problems.push(...versionProblems(document));
    return found;
  }
  const hint = typeof given === 'string' ? nearest(given, titles) : '';
  const where = given === null ? [] : ['kind'];
  problems.push(document.problem(where, `kind must be one of ${titles.join(', ')}${hint}`));
  return null;
}

function versionProblems(document: InputDocument): readonly FieldViolation[] {
  const { value } = document;
  if (typeof value !== 'object' || value === null || !('apiVersion' in value)) return [];
  return value.apiVersion === 'marid/v1' ? [] : [document.problem(['apiVersion'], 'must be marid/v1')];
}

/** Compares and writes; when somebody else writes in between, compares again, unless the file has an etag of its own. */
async function applyEntry(client: MaridClient, kind: RegistryKind, entry: Entry, dryRun: boolean): Promise<Outcome> {
  for (let round = 1; ; round += 1) {
    const current = await getIfPresent(client, kind, entry.id);
    if (current !== null && sameContent(kind, current, entry)) return 'unchanged';
    if (dryRun) return current === null ? 'created' : 'changed';
    try {
      if (current === null) {
        await kind.create(client, entry);
        return 'created';
      }
      await kind.update(client, entry, entry.etag === '' ? current.etag : entry.etag);
      return 'changed';
    } catch (error) {
      const raced = isMaridError(error) && (error.code === 'ETAG_MISMATCH' || error.code === 'ALREADY_EXISTS');
      if (!raced || entry.etag !== '' || round === MAX_ROUNDS) throw error;
    }
  }
}

async function getIfPresent(client: MaridClient, kind: RegistryKind, id: string): Promise<Entry | null> {
  try {
    return await kind.get(client, id);
  } catch (error) {
    if (isMaridError(error) && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** Whether two entries are the same but for what the server sets. */
function sameContent(kind: RegistryKind, a: Entry, b: Entry): boolean {
  return canonicalText(contentOf(kind, a)) === canonicalText(contentOf(kind, b));
}

/** The fields that a caller may set: tags are a set, no status means the first real one, and no metadata are empty metadata. */
function contentOf(kind: RegistryKind, entry: Entry): JsonObject {
  const json = toJson(kind.schema, entry);
  const fields = typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {};
  for (const name of ['createTime', 'updateTime', 'etag']) delete fields[name];
  if (canonicalText(fields.metadata ?? {}) === '{}') delete fields.metadata;
  fields.tags = [...new Set(entry.tags)].sort();
  fields.status = entry.status === 0 ? 1 : entry.status;
  return fields;
}

/** JSON with sorted keys. */
function canonicalText(value: JsonValue): string {
  return JSON.stringify(value, (_key, each: JsonValue) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
