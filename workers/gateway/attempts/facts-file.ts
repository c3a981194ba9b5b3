/** The file beside an attempt's folder, `<attempt>.json`, with the facts that must outlive the worker's process. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { AttemptFacts } from './attempt.js';

const texts = z.array(z.string());
const schema = z.object({
  memoryMb: z.int().min(0),
  hasSetup: z.boolean(),
  hasSecrets: z.boolean().exactOptional(),
  hasSecretFiles: z.boolean().exactOptional(),
  recordsOutputTimes: z.boolean().exactOptional(),
  archive: z
    .object({ disabled: z.boolean(), excludes: texts, paths: texts })
    .default({ disabled: false, excludes: [], paths: [] }),
  folderMb: z.int().min(1).exactOptional(),
  folderFiles: z.int().min(1).exactOptional(),
});

/** Writes the facts of the attempt with this directory; synchronously, see `directoryStage`. */
export function writeFacts(directory: string, facts: AttemptFacts): void {
  writeFileSync(`${directory}.json`, JSON.stringify(facts));
}

/** The facts; `null` when there are none that can be read. */
export async function readFacts(directory: string): Promise<AttemptFacts | null> {
  try {
    return schema.parse(JSON.parse(await readFile(`${directory}.json`, 'utf8')));
  } catch {
    return null;
  }
}
