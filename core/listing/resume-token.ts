/** Opaque tokens by which a watch goes on where it broke. */
import type { PartitionOffset } from '../ports/topic-log.js';
import { badToken, decodeToken, encodeToken, listOf } from './base64url.js';

/** `job`: behind that transition of the watched job. `all`: at these places of the topic of all jobs. */
export type ResumeToken =
  | { readonly kind: 'job'; readonly sequence: number }
  | { readonly kind: 'all'; readonly positions: readonly PartitionOffset[] };

/** Makes a token. */
export function encodeResumeToken(t: ResumeToken): string {
  if (t.kind === 'job') return encodeToken(['job', t.sequence]);
  return encodeToken(['all', ...t.positions.map((each) => [each.topic, each.partition, each.offset])]);
}

/** What a token says. `INVALID_ARGUMENT` on `resume_token` when it is none of ours. */
export function decodeResumeToken(token: string): ResumeToken {
  const [kind, ...rest] = decodeToken(token);
  const result = kind === 'job' ? jobToken(rest) : kind === 'all' ? allToken(rest) : null;
  if (result === null) {
    throw badToken('resume_token', 'is not a token of this server; send an empty one to start again.');
  }
  return result;
}

function jobToken(rest: readonly unknown[]): ResumeToken | null {
  const [sequence] = rest;
  return rest.length === 1 && isCount(sequence) ? { kind: 'job', sequence } : null;
}

function allToken(rest: readonly unknown[]): ResumeToken | null {
  const positions = rest.map(positionOf).filter((each) => each !== null);
  return positions.length === rest.length ? { kind: 'all', positions } : null;
}

function positionOf(value: unknown): PartitionOffset | null {
  const [topic, partition, offset] = listOf(value);
  if (typeof topic !== 'string' || !isCount(partition) || !isCount(offset)) return null;
  return { topic, partition, offset };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
