/** The keys of a worker's configuration about archives and the blob store that takes them. */
import { z } from 'zod';
import { globProblem } from '../../core/archive/glob.js';
import { s3Keys } from '../../core/configuration/s3-keys.js';

const DAY_MS = 24 * 3600 * 1000;
const GIB = 1024 ** 3;
/** What can be had again, and what nobody wants to have again. */
const EXCLUDES = ['genie/**/dependencies/**', 'genie/**/config/**', '**/tmp/**', '**/temp/**'];

const pattern = z.string().superRefine((text, context) => {
  const problem = globProblem(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

/** The keys, each with a default. */
export const archiveKeys = {
  archive: z.boolean().default(true).describe('Whether the files of an attempt are archived after its end.'),
  archiveExcludes: z
    .array(pattern)
    .default(EXCLUDES)
    .describe(
      "Patterns (`*`, `?`, `**`) of files that no archive holds, by path below the job's directory; a job can name more. Its configurations and dependencies are never archived.",
    ),
  archiveMaxFiles: z.int().min(1).max(100_000).default(100_000).describe('Most files of an attempt that are archived.'),
  archiveMaxBytes: z
    .int()
    .min(0)
    .default(16 * GIB)
    .describe('Most bytes of an attempt that are archived; a file that does not fit is left out.'),
  archiveDeadlineMs: z
    .int()
    .min(0)
    .default(DAY_MS)
    .describe('Milliseconds after the end of an attempt in which its archive is tried again and again.'),
  blobs: z
    .enum(['remote', 's3'])
    .default('remote')
    .describe("Where archives go; `remote`: to the control plane's blobs, through it; `s3`: straight to its bucket."),
  ...s3Keys,
};
