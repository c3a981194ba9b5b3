/** Runs `marid` commands as a person would, and shows them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pico from 'picocolors';

const MARID = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

const colours = pico.createColors(Boolean(process.stdout.isTTY));

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
}

/** A headline of the tour. */
export function headline(text: string): void {
  console.log(`\n${colours.bold(text)}`);
}

/** A sentence of the tour. */
export function say(text: string): void {
  console.log(colours.dim(text));
}

/** Arguments as a person would type them. */
function typed(args: readonly string[]): string {
  return args.map((arg) => (/^[\w.:/=@,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** Options of `marid`. */
export interface CommandOptions {
  /** Exit code. Default: 0. */
  readonly expected?: number;
  /** Whether its standard output is not shown. Default: no. */
  readonly quiet?: boolean;
}

/** The command, its output as it comes, and how it ended; throws when the exit code is not the expected one. */
export async function marid(
  address: string,
  args: readonly string[],
  { expected = 0, quiet = false }: CommandOptions = {},
): Promise<Outcome> {
  console.log(`${colours.green('$')} marid ${typed(args)}`);
  const child = spawn(process.execPath, [MARID, ...args], {
    env: { ...process.env, MARID_ADDRESS: address },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (!quiet) process.stdout.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => process.stdout.write(colours.dim(text)));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve(exitCode ?? -1);
    });
  });
  if (code !== expected) {
    throw new Error(`marid ${typed(args)} ended with ${String(code)}, ${String(expected)} was expected`);
  }
  return { code, stdout };
}

/** A `marid dev` of our own. */
export interface DevServer {
  /** Where it listens. */
  readonly address: string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts `marid dev` on a free port with its data in a folder, or with the engines that the environment names; resolves when it takes jobs. */
export async function startDev(folder: string, environment: Readonly<Record<string, string>> = {}): Promise<DevServer> {
  const args = ['dev', '--listen', '127.0.0.1:0', '--data-folder', folder, '--memory', '2g', '-o', 'json'];
  const child = spawn(process.execPath, [MARID, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const found = /"address":\s*"([^"]+)"/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('close', () => {
      reject(new Error(`marid dev ended before it was ready:\n${errors}`));
    });
  });
  return {
    address,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
