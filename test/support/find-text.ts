/** Looking for a text everywhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths below a folder of the regular files that hold one of the texts, in order; files that vanish meanwhile are passed over. */
export function filesWith(folder: string, texts: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => hasText(path, texts))
    .map((path) => path.slice(folder.length + 1))
    .sort();
}

/** Command lines of all processes of the machine that hold one of the texts. */
export function commandLinesWith(texts: readonly string[]): readonly string[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((name) => hasText(`/proc/${name}/cmdline`, texts));
}

function hasText(path: string, texts: readonly string[]): boolean {
  try {
    const content = readFileSync(path);
    return texts.some((text) => content.includes(text));
  } catch {
    return false; // gone meanwhile
  }
}
