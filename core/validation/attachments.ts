/** What is wrong with the attachments of a job. */
import { isSha256 } from '../attachments/keys.js';
import type { JobAttachment } from '../job/job.js';
import { LIMITS } from './limits.js';
import { quote } from './text.js';
import type { Violations } from './violations.js';

/** Files of the job's directory that nothing may replace. */
const RESERVED = ['run', 'stdout', 'stderr', 'genie', 'genie_setup.sh'];

/** What is wrong with the name of an attachment, which becomes a file of the job's directory; `null` when nothing is. */
export function attachmentNameProblem(name: string): string | null {
  const ask = 'give the name of one file, without a path';
  if (name === '') return `is empty; ${ask}`;
  if (name === '.' || name === '..' || /[/\\]/.test(name)) return `is ${quote(name)}; ${ask}`;
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\0-\x1f\x7f]/.test(name)) return `is ${quote(name)}, which has control characters; ${ask}`;
  if (Buffer.byteLength(name) > LIMITS.fileNameBytes) return `has more than ${LIMITS.fileNameBytes} bytes`;
  return RESERVED.includes(name) ? `is ${quote(name)}, which is Marid's own; choose another` : null;
}

/** Names, hashes and sizes, each by itself and together. */
export function checkAttachments(violations: Violations, path: string, attachments: readonly JobAttachment[]): void {
  violations.addCount(path, attachments.length, LIMITS.attachments);
  const names = new Set<string>();
  for (const [index, { name, sha256, sizeBytes }] of attachments.slice(0, LIMITS.attachments).entries()) {
    const at = `${path}[${index}]`;
    violations.add(`${at}.name`, attachmentNameProblem(name));
    if (names.has(name)) violations.add(`${at}.name`, `is ${quote(name)} again; each needs a name of its own`);
    names.add(name);
    if (!isSha256(sha256)) violations.add(`${at}.sha256`, 'must be 64 hexadecimal digits in lower case');
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) violations.add(`${at}.size_bytes`, 'must be 0 or more');
  }
}
