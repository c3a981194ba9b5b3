/** Results on standard output in the format that was asked for. */
import { toJson, type DescMessage, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import type { CliContext } from '../context.js';
import { escapeJson, escapeText, isUnsafe } from './escape.js';
import { formatTable, type Column } from './table.js';

/** Formats of results. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'name'] as const;

/** Format of a result: `json` and `yaml` are the messages of the API in proto3's JSON mapping, `name` is one id a line. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How messages of one type are shown. */
export interface Presentation<D extends DescMessage> {
  readonly schema: D;
  readonly id: (message: MessageShape<D>) => string;
  readonly columns: readonly Column<MessageShape<D>>[];
  /** Written as `kind` in YAML, so that `apply` takes it back. Default: none. */
  readonly kind?: string | undefined;
}

/** Shows a list. */
export async function printList<D extends DescMessage>(
  context: CliContext,
  format: OutputFormat,
  presentation: Presentation<D>,
  messages: readonly MessageShape<D>[],
): Promise<void> {
  const { schema } = presentation;
  if (format === 'json')
    return printJson(
      context,
      messages.map((message) => toJson(schema, message)),
    );
  if (format === 'table') return context.stdout.write(formatTable(presentation.columns, messages));
  for (const [index, message] of messages.entries()) {
    if (format === 'yaml' && index > 0) await context.stdout.write('---\n');
    await printOne(context, format, presentation, message);
  }
}

/** Shows one message. */
export async function printOne<D extends DescMessage>(
  context: CliContext,
  format: OutputFormat,
  presentation: Presentation<D>,
  message: MessageShape<D>,
): Promise<void> {
  const { schema, kind } = presentation;
  switch (format) {
    case 'json':
      return printJson(context, toJson(schema, message));
    case 'yaml':
      return printYaml(context, withKind(kind, toJson(schema, message)));
    case 'name':
      return context.stdout.write(`${escapeText(presentation.id(message))}\n`);
    case 'table':
      return context.stdout.write(formatTable(presentation.columns, [message]));
    default:
      return format satisfies never;
  }
}

/** One JSON value, indented. */
export async function printJson(context: CliContext, value: JsonValue): Promise<void> {
  await context.stdout.write(`${escapeJson(JSON.stringify(value, null, 2))}\n`);
}

/** One JSON value on one line. */
export async function printJsonLine(context: CliContext, value: JsonValue): Promise<void> {
  await context.stdout.write(`${escapeJson(JSON.stringify(value))}\n`);
}

/** One YAML document. */
export async function printYaml(context: CliContext, value: JsonValue): Promise<void> {
  const { stringify } = await import('yaml');
  const text = stringify(value, { lineWidth: 0 });
  if (!isUnsafe(text)) return context.stdout.write(text);
  // Only double quotes can hold escapes.
  const quoted = stringify(value, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' });
  await context.stdout.write(escapeJson(quoted));
}

function withKind(kind: string | undefined, json: JsonValue): JsonValue {
  if (kind === undefined || json === null || typeof json !== 'object' || Array.isArray(json)) return json;
  return { kind, ...json };
}
