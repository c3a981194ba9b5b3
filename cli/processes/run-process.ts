/** Runs one of Marid's own processes until it is told to end. */
import type { MaridError } from '../../core/errors/marid-error.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';

/** A process that runs. */
export interface RunningProcess {
  /** What it says when it is ready: one JSON line with `-o json`, else a line for each fact. */
  readonly facts: Readonly<Record<string, string>>;
  /** Resolves when it cannot go on, with the reason: it is ended in haste. Default: it goes on. */
  readonly failed?: Promise<MaridError>;
  /** Ends it; an aborted signal asks for haste. */
  stop(haste: AbortSignal): Promise<void>;
}

/** Says that it is ready, waits for SIGINT or SIGTERM, ends it. A second signal asks for haste. Rejects with the reason of a process that could not go on. */
export async function runProcess(context: CliContext, format: string, running: RunningProcess): Promise<void> {
  const haste = new AbortController();
  const asked = new Promise<null>((resolve) => {
    let signals = 0;
    context.onInterrupt(() => {
      signals += 1;
      if (signals === 1) resolve(null);
      else haste.abort();
    });
  });
  await context.stdout.write(format === 'json' ? `${JSON.stringify(running.facts)}\n` : described(running.facts));
  const failure = await Promise.race([asked, ...(running.failed === undefined ? [] : [running.failed])]);
  if (failure !== null) haste.abort();
  await running.stop(haste.signal);
  if (failure !== null) throw failure;
}

function described(facts: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(width)}  ${escapeText(value)}\n`)
    .join('');
}
