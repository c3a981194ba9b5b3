/** What the bench fetches and compiles, kept in the cache beside the servers of the native stack and outside of the project's dependencies. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../../infra/deploy/native/cache.js';
import { fingerprint, sourceFile, type StackContext } from '../../infra/deploy/native/context.js';
import { runTool } from '../../infra/deploy/native/run-tool.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';

/** Context of the tools: the process's environment, and a place for their reports. */
export function toolContext(report: (line: string) => void): StackContext {
  return { environment: process.env, clock: new SystemClock(), report };
}

/** Path of a file of `bench/`, also when the compiled code runs from `dist`. */
export function benchFile(...names: readonly string[]): string {
  return sourceFile('bench', ...names);
}

/** Compiles a program of `bench/peers` with the machine's C compiler; returns its path. */
export async function compiled(context: StackContext, name: string): Promise<string> {
  const source = benchFile('peers', `${name}.c`);
  const folder = await cached(context, {
    name: `bench-${name}-${fingerprint(await readFile(source, 'utf8'))}`,
    step: `compiled ${name}.c`,
    make: (target) =>
      runTool(context, {
        command: ['cc', '-O2', '-o', join(target, name), source],
        remedy: 'Install a C compiler (Debian: apt-get install gcc libc6-dev).',
      }),
  });
  return join(folder, name);
}

/** Installs packages from npm into a folder of their own; returns it. */
export function npmFolder(context: StackContext, packages: readonly string[]): Promise<string> {
  return cached(context, {
    name: `bench-npm-${fingerprint(packages.join(' '))}`,
    step: `fetched ${packages.join(', ')} from npm`,
    make: (target) =>
      runTool(context, {
        command: ['npm', 'install', '--prefix', target, '--ignore-scripts', '--no-audit', '--no-fund', ...packages],
        remedy: 'npm must reach its registry.',
      }),
  });
}

/** Installs packages from PyPI beside nothing else; returns the folder that PYTHONPATH names. */
export function pythonFolder(context: StackContext, packages: readonly string[]): Promise<string> {
  return cached(context, {
    name: `bench-python-${fingerprint(packages.join(' '))}`,
    step: `fetched ${packages.join(', ')} from PyPI`,
    make: (target) =>
      runTool(context, {
        command: ['python3', '-m', 'pip', 'install', '--quiet', '--target', target, ...packages],
        remedy: 'Install Python 3.9 or newer with pip; pip must reach PyPI.',
      }),
  });
}
