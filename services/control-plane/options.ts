/** What a control plane is made of. */
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Clock } from '../../core/ports/clock.js';
import type { FleetStore } from '../../core/ports/fleet-store.js';
import type { JobStore } from '../../core/ports/job-store.js';
import type { JobSurvey } from '../../core/ports/job-survey.js';
import type { LeasePort } from '../../core/ports/lease-port.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Random } from '../../core/ports/random.js';
import type { RegistryStore } from '../../core/ports/registry-store.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import type { UserSlotStore } from '../../core/ports/user-slot-store.js';
import type { ControlPlaneConfig } from './config.js';
import type { Dial } from './fleet/node-directory.js';

/** Time, chance and log of a process. */
export interface ControlPlaneRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The engines underneath; their owner opens and closes them. */
export interface Engines {
  readonly jobs: JobStore;
  readonly survey: JobSurvey;
  readonly registry: RegistryStore;
  readonly fleet: FleetStore;
  readonly userSlots: UserSlotStore;
  readonly log: TopicLog;
  readonly lease: LeasePort;
  /** The blob store, opened by the first call. */
  readonly blobs: () => Promise<BlobStore>;
  /** Connects to workers. */
  readonly dial: Dial;
  /** Product by port, for people. */
  readonly names: Readonly<Record<string, string>>;
  /** Whether nobody else writes to the store while this process has it: then what this process knows of the workers is what is stored. Default: false. */
  readonly alone?: boolean;
  /** Whether store and log are one database, in which what is written later is seen later. Default: false. */
  readonly oneDatabase?: boolean;
}

/** Options of `ControlPlane.create`. */
export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly runtime: ControlPlaneRuntime;
  readonly engines: Engines;
  /** Whether workers need not beat while their renewals are answered: where no other control plane has to hear of them. Default: as `engines.alone`. */
  readonly syncSuffices?: boolean;
  /** Whether new jobs are claimed for workers that wait: only where there is no other control plane. Default: as `engines.oneDatabase`, since elsewhere the offers are to go through the log. */
  readonly grants?: boolean;
  /** Version of the program. */
  readonly version: string;
  /** Jobs that each of its caches keeps in memory. Default: each its own number. */
  readonly cacheSize?: number;
}
