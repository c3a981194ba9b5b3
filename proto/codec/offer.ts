/** Messages of the pools' job topics. */
import { toBinary } from '@bufbuild/protobuf';
import { JobOfferSchema } from '../gen/marid/v1/worker_service_pb.js';
import { decodeBytes } from './decode-bytes.js';

/** A hint that a job can be claimed. */
export interface JobOffer {
  readonly jobId: string;
  /** MiB that it reserves. */
  readonly memoryMb: number;
  /** Number of the offer within the job, from 1. */
  readonly offer: number;
}

/** Bytes of an offer. */
export function encodeOffer(offer: JobOffer): Uint8Array {
  return toBinary(JobOfferSchema, { $typeName: 'marid.v1.JobOffer', ...offer });
}

/** The offer of bytes; `null` when they are unreadable, name no job, or ask for less than no memory. */
export function decodeOffer(bytes: Uint8Array): JobOffer | null {
  const message = decodeBytes(JobOfferSchema, bytes);
  if (message === null || message.jobId === '' || message.memoryMb < 0) return null;
  return { jobId: message.jobId, memoryMb: message.memoryMb, offer: message.offer };
}
