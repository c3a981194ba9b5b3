/** Runs one of Marid's own processes until it is told to end. */
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';

/** A process that runs. */
export interface RunningProcess {
  /** What it says when it is ready: one JSON line with `-o json`, else a line for each fact. */
  readonly facts: Readonly<Record<string, string>>;
  /** Ends it; an aborted signal asks for haste. */
  stop(haste: AbortSignal): Promise<void>;
}

/** Says that it is ready, waits for SIGINT or SIGTERM, ends it. A second signal asks for haste. */
export async function runProcess(context: CliContext, format: string, running: RunningProcess): Promise<void> {
  const haste = new AbortController();
  const asked = new Promise<void>((resolve) => {
    let signals = 0;
    context.onInterrupt(() => {
      signals += 1;
      if (signals === 1) resolve();
      else haste.abort();
    });
  });
  await context.stdout.write(format === 'json' ? `${JSON.stringify(running.facts)}\n` : described(running.facts));
  await asked;
  await running.stop(haste.signal);
}

function described(facts: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(width)}  ${escapeText(value)}\n`)
    .join('');
}
