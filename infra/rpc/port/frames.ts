/** What goes over a port: the frames of calls. `id` is the call's, chosen by the client; frames of calls that are over are ignored. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
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

/** Asks the other side for one more message: neither sends what nobody waits for. */
interface PullFrame {
  readonly kind: 'pull';
  readonly id: number;
}

/** A request of a stream or an answer. `bytes` have a buffer of their own, as `toBinary` makes them: the port copies all of it. */
interface MessageFrame {
  readonly kind: 'message';
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** The answer to a pull when there is no more. From the server it ends the call. */
interface EndFrame {
  readonly kind: 'end';
  readonly id: number;
}

/** The client has no more interest. */
interface CancelFrame {
  readonly kind: 'cancel';
  readonly id: number;
}

/** The call has failed. `status` is a google.rpc.Status, so that errors are bounded and escaped as those that come over gRPC. */
interface FailFrame {
  readonly kind: 'fail';
  readonly id: number;
  readonly status: Uint8Array;
}

/** What a client sends. */
export type ClientFrame = CallFrame | PullFrame | MessageFrame | EndFrame | CancelFrame;

/** What a server sends. The one answer of a method without a stream of answers ends the call. */
export type ServerFrame = PullFrame | MessageFrame | EndFrame | FailFrame;

/** The frame that answers a pull. */
export function frameOf(id: number, step: IteratorResult<Uint8Array, unknown>): MessageFrame | EndFrame {
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
