/**
 * The code that a launcher runs: a copy in its own folder. A worker that is upgraded while jobs run may find its old version removed, and the guard would have nothing to start when
 * the launcher dies. Only static imports of files, and the one package with a binary: a launcher has no others.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { isErrno } from '../../../core/errors/system-error.js';
import { BINARY_PACKAGE } from './libc.js';

const NAME = /^code-[0-9a-f]+$/;
const RELATIVE_IMPORT = /\bfrom '(\.{1,2}\/[^']+\.js)';/g;
/** The program, below the folder of the compiled sources. */
const ENTRY = join('infra', 'process', 'launcher', 'main.js');

interface Program {
  readonly root: string;
  /** Text of each file by its path. */
  readonly files: ReadonlyMap<string, string>;
  /** See `findBinary`. */
  readonly binary: string | null;
}

/** Copies a program with all files that it imports into the launcher's folder, unless it is there; the path of the copy. */
export function keepCode(folder: string, entry: string): string {
  const files = closureOf(entry);
  const root = commonFolder([...files.keys()]);
  const hash = createHash('sha256');
  for (const [path, text] of files) hash.update(`${relative(root, path)}\n${text}\n`);
  const binary = findBinary(entry);
  if (binary !== null) hash.update(readFileSync(binary));
  const kept = join(folder, `code-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(kept)) copyTo(kept, { root, files, binary });
  return join(kept, relative(root, entry));
}

/** A copy that an earlier launcher of the folder has run, for a worker whose own version is gone; `null` when there is none. */
export function findKeptCode(folder: string): string | null {
  const entries = copies(folder).map((copy) => join(copy, ENTRY));
  return entries.find((entry) => existsSync(entry)) ?? null;
}

/** Removes the copies that are not the one of this program: its launcher is the only one of the folder. */
export function dropOtherCode(folder: string, entry: string): void {
  const others = copies(folder).filter((copy) => !entry.startsWith(copy + sep));
  for (const copy of others) rmSync(copy, { recursive: true, force: true });
}

function copies(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .map((name) => join(folder, name));
}

/** Text of each file by its path, the program first. */
function closureOf(entry: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const waiting = [entry]; ;) {
    const path = waiting.pop();
    if (path === undefined) return files;
    if (files.has(path)) continue;
    const text = readFileSync(path, 'utf8');
    files.set(path, text);
    for (const [, imported = ''] of text.matchAll(RELATIVE_IMPORT)) waiting.push(join(dirname(path), imported));
  }
}

/** The package's description, which names its version; `null` when it is not installed. */
function findBinary(entry: string): string | null {
  try {
    return createRequire(entry).resolve(`${BINARY_PACKAGE}/package.json`);
  } catch (error) {
    if (isErrno(error, 'MODULE_NOT_FOUND')) return null;
    throw error;
  }
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? sep);
  while (!paths.every((path) => path.startsWith(folder + sep))) folder = dirname(folder);
  return folder;
}

/** Written aside and renamed, so that what is there is whole. */
function copyTo(kept: string, { root, files, binary }: Program): void {
  const aside = `${kept}.${String(process.pid)}`;
  try {
    for (const [path, text] of files) {
      const copy = join(aside, relative(root, path));
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, text);
    }
    if (binary !== null) {
      cpSync(dirname(binary), join(aside, 'node_modules', BINARY_PACKAGE), { recursive: true, dereference: true });
    }
    writeFileSync(join(aside, 'package.json'), '{ "type": "module" }\n');
    renameSync(aside, kept);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error; // another process was faster
  }
}
