/** The registry's entries: applications, commands and clusters, and the criteria that select them. */

/** Free facts as plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Selects registry entries: every given part must match. Absent parts are `null` or empty. */
export interface Criterion {
  readonly id: string | null;
  readonly name: string | null;
  readonly version: string | null;
  /** Status without prefix, for example `UP`; `null`: the status that accepts work. */
  readonly status: string | null;
  readonly tags: readonly string[];
}

/** Fields that every entry has. */
export interface ResourceBase {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: { readonly [key: string]: Json };
  readonly tags: readonly string[];
  readonly configs: readonly string[];
  readonly dependencies: readonly string[];
  /** URIs of archives that are placed as dependencies are, and unpacked beside themselves; absent: none. */
  readonly unpack?: readonly string[];
  /** URI, or `null`. */
  readonly setupFile: string | null;
  /** Variables of the jobs that use it; values may refer to secrets. Absent in old documents: none. */
  readonly environment?: { readonly [name: string]: string };
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  /** Counts the writes, from 1; the basis of the etag and of compare-and-set. */
  readonly revision: number;
}

export const APPLICATION_STATUSES = ['ACTIVE', 'DEPRECATED', 'INACTIVE'] as const;
export type ApplicationStatus = (typeof APPLICATION_STATUSES)[number];

export const COMMAND_STATUSES = ['ACTIVE', 'DEPRECATED', 'INACTIVE'] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];

export const CLUSTER_STATUSES = ['UP', 'OUT_OF_SERVICE', 'TERMINATED'] as const;
export type ClusterStatus = (typeof CLUSTER_STATUSES)[number];

/** Reusable binaries, configuration and set-up that commands need. */
export interface Application extends ResourceBase {
  readonly status: ApplicationStatus;
  /** What kind of thing it is; free text, may be empty. */
  readonly type: string;
}

/** A program with its arguments, its applications and the clusters that it may run on. */
export interface Command extends ResourceBase {
  readonly status: CommandStatus;
  /** Program and first arguments, at least one. */
  readonly executable: readonly string[];
  /** Best first; empty: the command never matches. */
  readonly clusterCriteria: readonly Criterion[];
  /** In the order in which they are set up. */
  readonly applicationIds: readonly string[];
  /** MiB that a job reserves when it does not say; `null`: the server's default. */
  readonly memoryMb: number | null;
}

/** A place where the work finally runs. */
export interface Cluster extends ResourceBase {
  readonly status: ClusterStatus;
}

/** Entry type by kind. */
export interface ResourceByKind {
  readonly application: Application;
  readonly command: Command;
  readonly cluster: Cluster;
}

/** Kind of a registry entry. */
export type ResourceKind = keyof ResourceByKind;

/** Any registry entry. */
export type Resource = ResourceByKind[ResourceKind];

/** The whole registry at one revision. */
export interface RegistrySnapshot {
  /** Grows with every write to the registry. */
  readonly revision: number;
  readonly applications: readonly Application[];
  readonly commands: readonly Command[];
  readonly clusters: readonly Cluster[];
}

/** Etag of an entry: its revision as text. */
export function etagOf(entry: { readonly revision: number }): string {
  return String(entry.revision);
}
