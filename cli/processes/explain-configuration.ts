/** What `marid config explain` does. */
import type { ExplainedValue } from '../../infra/runtime/config.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { formatTable, type Column } from '../output/table.js';
import { loadConfiguration } from './configuration.js';
import { describeEngines } from './engine-rule.js';

const COLUMNS: readonly Column<ExplainedValue>[] = [
  { title: 'KEY', value: (each) => each.key },
  { title: 'VALUE', value: (each) => escapeText(JSON.stringify(each.value)) },
  { title: 'ORIGIN', value: (each) => each.origin },
  { title: 'MEANING', value: (each) => each.description },
];

/** Prints every key, secrets masked, and says on standard error what the engines allow. */
export async function explainConfiguration(
  context: CliContext,
  options: { readonly config?: string; readonly output: string },
): Promise<void> {
  const { values, sections } = await loadConfiguration(context, options.config);
  const text = options.output === 'json' ? `${JSON.stringify(values, null, 2)}\n` : formatTable(COLUMNS, values);
  await context.stdout.write(text);
  await context.stderr.write(`${escapeText(describeEngines(sections.controlPlane))}\n`);
}
