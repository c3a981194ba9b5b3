/** Errors as people and scripts see them: one line, or one for each field, on standard error. */
import { errorText } from '../core/errors/system-error.js';
import { isMaridError, type MaridError } from '../core/errors/marid-error.js';
import type { CliContext } from './context.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { escapeText } from './output/escape.js';

/** Writes the error and returns the exit code that it leads to. */
export async function reportError(context: CliContext, error: unknown): Promise<number> {
  const lines = isMaridError(error) ? describeError(error) : [describeUnknown(error)];
  for (const line of lines) await context.stderr.write(`marid: ${escapeText(line)}\n`);
  return isMaridError(error) ? exitCodeOf(error.code) : EXIT.error;
}

function describeError(error: MaridError): readonly string[] {
  const lines = error.violations.map(({ field, description }) => `${field}: ${description}`);
  if (lines.length === 0) lines.push(error.message);
  const hint = HINTS[error.code];
  return hint === undefined ? lines : [...lines, hint];
}

const HINTS: Readonly<Partial<Record<MaridError['code'], string>>> = {
  NO_MATCH: '`marid resolve` with the same options shows what came closest.',
  ETAG_MISMATCH: 'somebody else changed it in between: get it again, then repeat your change.',
  WORKER_UNREACHABLE: 'the worker that holds the files does not answer: `marid workers` shows its state.',
};

function describeUnknown(error: unknown): string {
  return `unexpected: ${errorText(error)}`;
}
