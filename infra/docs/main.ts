/** Writes the generated documents: `node dist/infra/docs/main.js`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventDocuments } from './event-documents.js';
import { sourceRoot } from './type-schema.js';

for (const { path, text } of eventDocuments()) {
  writeFileSync(join(sourceRoot(), path), text);
  console.error(`wrote ${path}`);
}
