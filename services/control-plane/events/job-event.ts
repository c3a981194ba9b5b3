/**
 * A committed transition as a CloudEvent 1.0 in binary mode: attributes in `ce_` headers (Kafka protocol binding, section 3.2), JSON as the value.
 * The type is `marid.job.<new status in lower case>.v1`, the id `<job>/<sequence>`, so that consumers can drop repetitions.
 */
import type { ExitResult, Job, Transition } from '../../../core/job/job.js';
import { isTerminal, JOB_STATUSES } from '../../../core/job/status.js';
import type { Json } from '../../../core/registry/resource.js';
import type { LogRecord } from '../../../core/ports/topic-log.js';

/** Payload of a job event. `docs/` has documents that are generated from this type: run `npm run generate:docs` after a change. */
export interface JobEvent {
  /** Id of the job; also the key of the record. */
  readonly jobId: string;
  /** Who asked for the job. */
  readonly user: string;
  /** Name of the job. */
  readonly name: string;
  /** Pool whose workers run it. */
  readonly pool: string;
  /** Labels of the job. */
  readonly tags: readonly string[];
  /** Label of a scheduler's workflow; empty for none. */
  readonly grouping: string;
  /** Label of a run of that workflow; empty for none. */
  readonly groupingInstance: string;
  /** Cluster that was chosen. */
  readonly cluster: EventReference;
  /** Command that was chosen. */
  readonly command: EventReference;
  /** What happened. */
  readonly transition: Omit<Transition, 'at'> & {
    /** When it was decided, RFC 3339 in UTC. */
    readonly time: string;
  };
  /** How the program ended; only with a terminal status, else `null`. */
  readonly result: ExitResult | null;
}

/** Names a registry entry in an event. */
export interface EventReference {
  /** Id in the registry. */
  readonly id: string;
  /** Name, as it was when the job was accepted. */
  readonly name: string;
  /** Version, as it was when the job was accepted. */
  readonly version: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The record of one transition. */
export function jobEventRecord(
  job: Job,
  transition: Transition,
  place: { readonly topic: string; readonly partition: number; readonly source: string },
): LogRecord {
  const time = new Date(transition.at).toISOString();
  return {
    topic: place.topic,
    partition: place.partition,
    key: job.id,
    value: encoder.encode(JSON.stringify(payloadOf(job, transition, time))),
    headers: {
      ce_specversion: '1.0',
      ce_id: `${job.id}/${String(transition.sequence)}`,
      ce_source: place.source,
      ce_type: `marid.job.${transition.to.toLowerCase()}.v1`,
      ce_subject: job.id,
      ce_time: time,
      'content-type': 'application/json',
    },
  };
}

/** Which transition a record is of, by its headers alone; `null` when it is no job event. */
export function placeOfJobEvent(
  record: Pick<LogRecord, 'key' | 'headers'>,
): { readonly jobId: string; readonly sequence: number } | null {
  const id = record.headers['ce_id'] ?? '';
  const sequence = Number(id.slice(id.lastIndexOf('/') + 1));
  return record.key !== '' && id !== '' && Number.isSafeInteger(sequence) ? { jobId: record.key, sequence } : null;
}

/** Reads a payload; `null` when it is not one. */
export function decodeJobEvent(value: Uint8Array): JobEvent | null {
  let parsed: Json;
  try {
    parsed = JSON.parse(decoder.decode(value)) as Json;
  } catch {
    return null; // not JSON: not ours
  }
  return isJobEvent(parsed) ? (parsed as unknown as JobEvent) : null;
}

function payloadOf(job: Job, transition: Transition, time: string): JobEvent {
  const { sequence, from, to, attempt, reason, message, actor } = transition;
  const { cluster, command } = job.resolution;
  return {
    jobId: job.id,
    user: job.request.user,
    name: job.request.name,
    pool: job.pool,
    tags: job.request.tags,
    grouping: job.request.grouping,
    groupingInstance: job.request.groupingInstance,
    cluster: referenceOf(cluster),
    command: referenceOf(command),
    transition: { sequence, time, from, to, attempt, reason, message, actor },
    result: isTerminal(transition.to) ? job.result : null,
  };
}

function referenceOf({ id, name, version }: EventReference): EventReference {
  return { id, name, version };
}

function isJobEvent(value: Json): boolean {
  if (!isObject(value) || typeof value['jobId'] !== 'string') return false;
  const transition = value['transition'];
  return (
    isObject(transition) &&
    typeof transition['sequence'] === 'number' &&
    typeof transition['time'] === 'string' &&
    JOB_STATUSES.some((status) => status === transition['to'])
  );
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
