/** Limits as people write them in options. */
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { InvalidArgumentError } from 'commander';
import type { JobLimits } from '../../proto/gen/marid/v1/job_pb.js';
import { parseMemoryMb, wholeNumber } from './amounts.js';
import { parseDuration } from './duration.js';

/** Limits as given. */
export type LimitsInput = Partial<Omit<JobLimits, '$typeName' | '$unknown'>>;

const READERS = new Map<string, (text: string) => LimitsInput>(
  Object.entries({
    'cpu-time': (text: string) => ({ cpuTime: durationFromMs(parseDuration(text)) }),
    'open-files': (text: string) => ({ openFiles: wholeNumber(1)(text) }),
    processes: (text: string) => ({ processes: wholeNumber(1)(text) }),
    'file-size': (text: string) => ({ fileMb: parseMemoryMb(text) }),
    'folder-size': (text: string) => ({ folderMb: parseMemoryMb(text) }),
    'folder-files': (text: string) => ({ folderFiles: wholeNumber(1)(text) }),
  }),
);

/** Names of the limits. */
export const LIMIT_OPTION_NAMES: readonly string[] = [...READERS.keys()];

/** Collects `NAME=VALUE`, for example `cpu-time=10m`. */
export function collectLimits(text: string, before: LimitsInput | undefined): LimitsInput {
  const at = text.indexOf('=');
  const read = READERS.get(text.slice(0, Math.max(0, at)));
  if (read === undefined) throw new InvalidArgumentError(`Write NAME=VALUE; names: ${LIMIT_OPTION_NAMES.join(', ')}.`);
  return { ...before, ...read(text.slice(at + 1)) };
}
