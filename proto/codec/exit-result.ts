/** How programs ended. */
import type { ExitResult } from '../../core/job/job.js';
import type { ExitResult as ExitResultMessage } from '../gen/marid/v1/job_pb.js';
import { numberOrNull, textOrNull } from './absent.js';
import { fromDuration, toOptionalDuration } from './time.js';

/** An exit as a message. */
export function exitResultToMessage(result: ExitResult): ExitResultMessage {
  return {
    $typeName: 'marid.v1.ExitResult',
    exitCode: result.exitCode ?? undefined,
    signal: result.signal ?? '',
    processId: result.processId ?? 0,
    stdoutBytes: BigInt(result.stdoutBytes),
    stderrBytes: BigInt(result.stderrBytes),
    peakMemoryBytes: BigInt(result.peakMemoryBytes ?? 0),
    cpuTime: toOptionalDuration(result.cpuTimeMs),
    bytesRead: BigInt(result.bytesRead ?? 0),
    bytesWritten: BigInt(result.bytesWritten ?? 0),
  };
}

/** An exit as a message, or absent for `null`. */
export function toOptionalExitResult(result: ExitResult | null): ExitResultMessage | undefined {
  return result === null ? undefined : exitResultToMessage(result);
}

/** The exit of a message. */
export function exitResultFromMessage(message: ExitResultMessage): ExitResult {
  return {
    exitCode: message.exitCode ?? null,
    signal: textOrNull(message.signal),
    processId: numberOrNull(message.processId),
    stdoutBytes: Number(message.stdoutBytes),
    stderrBytes: Number(message.stderrBytes),
    peakMemoryBytes: numberOrNull(Number(message.peakMemoryBytes)),
    cpuTimeMs: fromDuration(message.cpuTime),
    ...(message.bytesRead === 0n ? {} : { bytesRead: Number(message.bytesRead) }),
    ...(message.bytesWritten === 0n ? {} : { bytesWritten: Number(message.bytesWritten) }),
  };
}
