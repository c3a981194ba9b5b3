/** What `marid describe` does. */
import { toJson, type JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { WorkerSchema } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { kindOf } from '../kinds.js';
import { formatPairs } from '../output/table.js';
import { paletteFor } from '../output/colour.js';
import type { KindWord } from '../words.js';
import { describeJob } from './describe-job.js';
import { getWorker } from './get.js';

/** Tells everything about one thing. */
export async function describeThing(context: CliContext, command: Command, word: KindWord, id: string): Promise<void> {
  const text = await withClient(context, command, async (client) => {
    if (word === 'job') {
      const [job, { summary }] = await Promise.all([client.get(id), client.explain(id)]);
      return describeJob({ job, summary, now: context.clock.now() }, paletteFor(context, context.stdout));
    }
    if (word === 'worker') return describeFields(toJson(WorkerSchema, await getWorker(client, id)));
    const kind = kindOf(word);
    const entry = await kind.get(client, id);
    return describeFields(toJson(kind.schema, entry), kind.statusName(entry));
  });
  await context.stdout.write(text);
}

/** A line for each field that is set; the status without the prefix of its enum. */
function describeFields(json: JsonValue, status?: string): string {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return '';
  const fields = status === undefined ? json : { ...json, status };
  return formatPairs(Object.entries(fields).map(([name, value]) => [titleOf(name), textOf(value)] as const));
}

/** `updateTime` -> `Update time`. */
function titleOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function textOf(value: JsonValue): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '{}' ? '' : text;
}
