import { fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import * as codec from '../../../../proto/codec/index.js';
import {
  ApplicationSchema,
  ClusterSchema,
  CommandSchema,
  CriterionSchema,
  ExitResultSchema,
  JobFilterSchema,
  JobRequestSchema,
  JobSpecificationSchema,
  LogRecordSchema,
  PartitionOffsetSchema,
  TransitionSchema,
} from '../../../../proto/messages.js';
import * as any from './arbitraries.js';

const RUNS = { numRuns: 60 };

/** A value comes back as it was, also when its message goes through bytes. */
function returnsTheSame<T, D extends DescMessage>(
  schema: D,
  values: Arbitrary<T>,
  toMessage: (value: T) => MessageShape<D>,
  fromMessage: (message: MessageShape<D>) => T | null,
): void {
  const property = fc.property(values, (value) => {
    expect(fromMessage(fromBinary(schema, toBinary(schema, toMessage(value))))).toEqual(value);
    expect(fromMessage(toMessage(value))).toEqual(value);
  });
  fc.assert(property, RUNS);
}

describe('domain to message to domain is the identity', () => {
  test('criteria', () => {
    returnsTheSame(CriterionSchema, any.criterion, codec.criterionToMessage, codec.criterionFromMessage);
  });

  test('applications', () => {
    returnsTheSame(ApplicationSchema, any.application, codec.applicationToMessage, codec.applicationFromMessage);
  });

  test('commands', () => {
    returnsTheSame(CommandSchema, any.command, codec.commandToMessage, codec.commandFromMessage);
  });

  test('clusters', () => {
    returnsTheSame(ClusterSchema, any.cluster, codec.clusterToMessage, codec.clusterFromMessage);
  });

  test('job requests', () => {
    returnsTheSame(JobRequestSchema, any.jobRequest, codec.jobRequestToMessage, codec.jobRequestFromMessage);
  });

  test('exits', () => {
    returnsTheSame(ExitResultSchema, any.exitResult, codec.exitResultToMessage, codec.exitResultFromMessage);
  });

  test('transitions', () => {
    returnsTheSame(TransitionSchema, any.transition, codec.transitionToMessage, codec.transitionFromMessage);
  });

  test('specifications', () => {
    returnsTheSame(
      JobSpecificationSchema,
      any.specification,
      codec.specificationToMessage,
      codec.specificationFromMessage,
    );
  });

  test('job filters', () => {
    returnsTheSame(JobFilterSchema, any.jobFilter, codec.jobFilterToMessage, codec.jobFilterFromMessage);
  });

  test('log records and places', () => {
    returnsTheSame(LogRecordSchema, any.storedRecord, codec.storedRecordToMessage, codec.storedRecordFromMessage);
    returnsTheSame(
      PartitionOffsetSchema,
      any.partitionOffset,
      codec.partitionOffsetToMessage,
      codec.partitionOffsetFromMessage,
    );
  });

  test('times and durations', () => {
    fc.assert(fc.property(any.moment, (ms) => codec.fromTimestamp(codec.toTimestamp(ms)) === ms));
    fc.assert(fc.property(fc.maxSafeInteger(), (ms) => codec.fromDuration(codec.toDuration(ms)) === ms));
  });
});

describe('bytes of topics', () => {
  test('worker events, beats and offers come back as they were', () => {
    fc.assert(
      fc.property(any.workerEvent, any.workerBeat, fc.nat(), (event, beat, memoryMb) => {
        expect(codec.decodeWorkerEvent(codec.encodeWorkerEvent(event))).toEqual(event);
        expect(codec.decodeBeat(codec.encodeBeat(beat))).toEqual(beat);
        const offer = { jobId: event.jobId, memoryMb, offer: event.attempt };
        expect(codec.decodeOffer(codec.encodeOffer(offer))).toEqual(offer);
      }),
      RUNS,
    );
  });

  test('anything else is null or a value, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [codec.decodeWorkerEvent, codec.decodeBeat, codec.decodeOffer]) decode(bytes);
      }),
      { numRuns: 500 },
    );
    expect(codec.decodeWorkerEvent(new Uint8Array([0xff]))).toBeNull();
    expect(codec.decodeBeat(new Uint8Array())).toBeNull();
    expect(codec.decodeOffer(new Uint8Array([0x0a, 0x05, 0x61]))).toBeNull();
    expect(codec.decodeOffer(codec.encodeOffer({ jobId: 'a', memoryMb: -1, offer: 1 }))).toBeNull();
  });

  test('an event with a status that workers do not send is null', () => {
    const [event] = fc.sample(any.workerEvent, { numRuns: 1, seed: 1 });
    if (event === undefined) throw new Error('no sample');
    const bytes = codec.encodeWorkerEvent(event);
    const accepted = codec.encodeWorkerEvent({ ...event, status: 'RUNNING' });
    expect(codec.decodeWorkerEvent(bytes)).not.toBeNull();
    // Field 7 (status) again at the end: the last one counts.
    expect(codec.decodeWorkerEvent(new Uint8Array([...accepted, 0x38, 3]))).toBeNull();
  });
});
