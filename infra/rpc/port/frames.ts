/** What goes over a port: the frames of calls. `id` is the call's, chosen by the client; frames of calls that are over are ignored. */
import { fromBinary, toBinary, type DescMethod } from '@bufbuild/protobuf';
import type { MaridError } from '../../../core/errors/marid-error.js';
import { StatusSchema } from '../../../proto/gen/google/rpc/status_pb.js';
import { errorFromStatus, errorToStatus } from '../../../proto/rpc/error-details.js';

/** Begins a call and asks for its first answer. `path` is the method's; `request` is absent where the method takes a stream. */
export interface CallFrame {
  readonly kind: 'call';
  readonly id: number;
  readonly path: string;
  readonly request?: Uint8Array;
}

/**
 * What both sides send. `pull` asks for one more message: nobody sends what nobody waits for. `message` or `end` answers it; `bytes` have a
 * buffer of their own, as `toBinary` makes them, because the port copies all of it.
 */
type MessageFrame =
  | { readonly kind: 'pull'; readonly id: number }
  | { readonly kind: 'message'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number };

/** A part of the one answer, which is to come. */
interface EarlyFrame {
  readonly kind: 'early';
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The call has failed. `status` is a google.rpc.Status, so that errors are bounded and escaped as those that come over gRPC. */
interface FailFrame {
  readonly kind: 'fail';
  readonly id: number;
  readonly status: Uint8Array;
}

/** What a client sends; `cancel` when it has no more interest. */
export type ClientFrame = CallFrame | MessageFrame | { readonly kind: 'cancel'; readonly id: number };

/** What a server sends. `end` or `fail` ends the call, and the one answer of a method without a stream of answers. */
export type ServerFrame = MessageFrame | EarlyFrame | FailFrame;

/** Whether a method has one answer, which ends the call. */
export function isAnsweredOnce({ methodKind }: DescMethod): boolean {
  return methodKind === 'unary' || methodKind === 'client_streaming';
}

/** The frame that answers a pull. */
export function frameOf(id: number, step: IteratorResult<Uint8Array, unknown>): MessageFrame {
  return step.done === true ? { kind: 'end', id } : { kind: 'message', id, bytes: step.value };
}

/** The frame that tells of an error; its cause stays here. */
export function failFrame(id: number, error: MaridError): FailFrame {
  return { kind: 'fail', id, status: toBinary(StatusSchema, errorToStatus(error)) };
}

/** The error that a frame tells of. */
export function failureOf({ status }: FailFrame): MaridError {
  return errorFromStatus(fromBinary(StatusSchema, status));
}
