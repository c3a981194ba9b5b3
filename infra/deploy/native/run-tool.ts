/** Runs the tools that fetch and build: Maven, javac, Go, apt. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import { BOUND_TO_PARENT } from './bound-to-parent.js';
import type { StackContext } from './context.js';

/** How many of the last lines of a failed tool's output its error shows. */
const LINES_SHOWN = 15;

/** One run of a tool. */
export interface ToolRun {
  readonly command: readonly [string, ...string[]];
  /** What a person does when it is missing or fails, one sentence. */
  readonly remedy: string;
  /** Working folder. Default: the caller's. */
  readonly folder?: string;
  /** Added to the environment. Default: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a tool to its end; rejects with the last lines of its output and the remedy. */
export async function runTool(context: StackContext, run: ToolRun): Promise<void> {
  const [tool, ...args] = run.command;
  if (findOnPath(context, tool) === null)
    throw new MaridError('UNAVAILABLE', `${tool} is not on the PATH. ${run.remedy}`);
  const [bound, ...rest] = BOUND_TO_PARENT;
  const child = spawn(bound, [...rest, String(process.pid), tool, ...args], {
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    ...(run.folder === undefined ? {} : { cwd: run.folder }),
    env: { ...context.environment, ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => output.push(piece));
  child.stderr.on('data', (piece: Buffer) => output.push(piece));
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  if (code === 0) return;
  const last = Buffer.concat(output).toString().trim().split('\n').slice(-LINES_SHOWN).join('\n');
  throw new MaridError('UNAVAILABLE', `${run.command.join(' ')} ended with ${String(code)}. ${run.remedy}\n${last}`);
}

/** Full path of a program, or null when it is not on the PATH. */
export function findOnPath({ environment }: StackContext, program: string): string | null {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

/** Whether this process may execute the file. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
