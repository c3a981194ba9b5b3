/** The keys of a worker's configuration that say how it gets the files of jobs, and what it keeps of them. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { list } from './list-key.js';

const HOUR_MS = 3_600_000;
const GIB_IN_MIB = 1024;
const MOST_MIB = 1024 * GIB_IN_MIB;

const host = z
  .string()
  .refine(isAllowEntry, 'must be a host, a domain (*.example.org), an address or a range (10.0.0.0/8)');
const milliseconds = z.int().min(1).max(HOUR_MS);

/** The keys, each with a default. */
export const fetchKeys = {
  fetchSchemes: list(z.enum(['file', 'http', 'https', 's3', 'marid-attachment']))
    .default(['file', 'http', 'https', 's3', 'marid-attachment'])
    .describe('Schemes of the URIs that jobs may name; `marid-attachment` is that of uploaded files.'),
  fetchFileFolders: list(z.string().startsWith('/', 'must be an absolute path'))
    .default([])
    .describe('Folders whose files `file:` URIs may name, links followed; empty: every file that the worker may read.'),
  fetchAllow: list(host)
    .default([])
    .describe(
      'Hosts, domains (*.example.org), addresses and ranges that `http` reaches although they are private, of this machine or otherwise not public.',
    ),
  fetchProxy: z
    .url({ protocol: /^http$/, error: 'must be a URL such as http://proxy:3128' })
    .nullable()
    .default(null)
    .describe('URL of the proxy for `http` and `https`, http://[user:password@]host:port; null: none.'),
  fetchNoProxy: list(z.string().regex(/^\S+$/))
    .default([])
    .describe('Hosts, and domains with a dot before, that are reached without it.'),
  fetchConnectTimeoutMs: milliseconds.default(10_000).describe('Milliseconds until a connection stands.'),
  fetchIdleTimeoutMs: milliseconds.default(30_000).describe('Milliseconds for which a source may be silent.'),
  fetchTimeoutMs: z
    .int()
    .min(1)
    .max(24 * HOUR_MS)
    .default(HOUR_MS / 4)
    .describe('Milliseconds for one file, all tries together.'),
  stagingTimeoutMs: z
    .int()
    .min(1)
    .max(24 * HOUR_MS)
    .default(HOUR_MS / 2)
    .describe('Milliseconds for all files of one job.'),
  fetchTries: z.int().min(1).max(20).default(4).describe('How often the fetch of a file is tried in all.'),
  fetchMaxFileMb: z
    .int()
    .min(1)
    .max(MOST_MIB)
    .default(10 * GIB_IN_MIB)
    .describe('MiB that one file may have.'),
  fetchS3Endpoint: z.url().nullable().default(null).describe('URL of another S3 server than AWS; null: AWS.'),
  fetchS3Region: z.string().min(1).nullable().default(null).describe('Its region; null: as the environment says.'),
  fetchS3ForcePathStyle: z
    .boolean()
    .default(false)
    .describe('Whether the bucket is in the path and not in the host name, as most other servers want it.'),
  unpackMaxFiles: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe('Files and folders that one archive may hold.'),
  unpackMaxMb: z
    .int()
    .min(1)
    .max(MOST_MIB)
    .default(10 * GIB_IN_MIB)
    .describe('MiB that one archive may become.'),
  unpackMaxRatio: z
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .describe('How many times its own size an archive may become, when that is more than 16 MiB.'),
  cacheMaxMb: z
    .int()
    .min(0)
    .max(MOST_MIB)
    .default(10 * GIB_IN_MIB)
    .describe('MiB of fetched files that are kept for the next jobs; 0: none.'),
  cacheFreshMs: z
    .int()
    .min(0)
    .max(24 * HOUR_MS)
    .default(5_000)
    .describe(
      'Milliseconds for which a kept file from the network is used without asking its source whether it has changed.',
    ),
};

/** Whether a text is an entry of the list of what is allowed: an address, a range (CIDR), a host name, or `*.` and a domain. */
export function isAllowEntry(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0) return /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
  return (
    more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32)))
  );
}
