/** The fetchers of a worker, by scheme; each is loaded when the first URI of its scheme is read. */
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Fetcher, Fetchers } from '../../core/ports/fetcher.js';
import type { Logger } from '../../core/ports/logger.js';

/** What the configuration says of fetching. */
export interface FetchChoice {
  /** Schemes that may be used. */
  readonly fetchSchemes: readonly string[];
  /** Folders whose files may be read by `file:` URIs; empty: all. */
  readonly fetchFileFolders: readonly string[];
  /** Whether only files that every user of the machine may read are read by `file:` URIs. Default: false. */
  readonly fetchPublicFilesOnly?: boolean;
  /** Hosts, domains, addresses and ranges that are reached although they are not public. */
  readonly fetchAllow: readonly string[];
  /** URL of the HTTP proxy; null: none. */
  readonly fetchProxy: string | null;
  /** Hosts that are reached without it. */
  readonly fetchNoProxy: readonly string[];
  /** Milliseconds. */
  readonly fetchConnectTimeoutMs: number;
  /** Milliseconds. */
  readonly fetchIdleTimeoutMs: number;
  /** URL of another S3 server than AWS; null: AWS. */
  readonly fetchS3Endpoint: string | null;
  /** Null: as the environment says. */
  readonly fetchS3Region: string | null;
  readonly fetchS3ForcePathStyle: boolean;
}

/** What the fetchers work with. */
export interface FetchRuntime {
  /** Where attachments are; called when the first one is read. */
  readonly blobs: () => Promise<BlobStore>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes them. */
export function openFetchers(choice: FetchChoice, runtime: FetchRuntime): Fetchers {
  const loaded = new Map<() => Promise<Fetcher>, Promise<Fetcher>>();
  const http = () => loadHttp(choice, runtime.clock);
  const loaders: Readonly<Record<string, () => Promise<Fetcher>>> = {
    ...{ file: () => loadFile(choice), http, https: http, s3: () => loadS3(choice, runtime) },
    'marid-attachment': () => loadAttachments(runtime),
  };
  const schemes = choice.fetchSchemes.filter((scheme) => Object.hasOwn(loaders, scheme));
  return {
    schemes,
    forScheme: async (scheme) => {
      const load = schemes.includes(scheme) ? loaders[scheme] : undefined;
      if (load === undefined) return null;
      const known = loaded.get(load) ?? load();
      loaded.set(load, known);
      return known;
    },
    close: async () => {
      for (const each of loaded.values()) await (await each).close();
    },
  };
}

async function loadFile({ fetchFileFolders: folders, fetchPublicFilesOnly }: FetchChoice): Promise<Fetcher> {
  const { FileFetcher } = await import('./file/file-fetcher.js');
  return new FileFetcher({ folders, publicOnly: fetchPublicFilesOnly === true });
}

async function loadHttp(choice: FetchChoice, clock: Clock): Promise<Fetcher> {
  const { HttpFetcher } = await import('./http/http-fetcher.js');
  const { AddressPolicy } = await import('./http/address-policy.js');
  return new HttpFetcher({
    policy: new AddressPolicy(choice.fetchAllow),
    proxy: choice.fetchProxy,
    noProxy: choice.fetchNoProxy,
    connectMs: choice.fetchConnectTimeoutMs,
    idleMs: choice.fetchIdleTimeoutMs,
    clock,
  });
}

async function loadS3(choice: FetchChoice, { clock, logger }: FetchRuntime) {
  const { S3Fetcher } = await import('./s3/s3-fetcher.js');
  return S3Fetcher.connect({
    ...{ clock, logger },
    endpoint: choice.fetchS3Endpoint,
    region: choice.fetchS3Region,
    forcePathStyle: choice.fetchS3ForcePathStyle,
    idleMs: choice.fetchIdleTimeoutMs,
  });
}

async function loadAttachments({ blobs }: FetchRuntime): Promise<Fetcher> {
  const { AttachmentFetcher } = await import('./attachment/attachment-fetcher.js');
  return new AttachmentFetcher(blobs);
}
