/** Limits as people write them in options. */
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { InvalidArgumentError } from 'commander';
import type { JobLimits } from '../../proto/gen/marid/v1/job_pb.js';
import { parseMemoryMb, wholeNumber } from './amounts.js';
import { parseDuration } from './duration.js';

/** Limits as given. */
export type LimitsInput = Partial<Omit<JobLimits, '$typeName' | '$unknown'>>;

const READERS: Readonly<Record<string, (text: string) => LimitsInput>> = {
  'cpu-time': (text) => ({ cpuTime: durationFromMs(parseDuration(text)) }),
  'open-files': (text) => ({ openFiles: wholeNumber(1)(text) }),
  processes: (text) => ({ processes: wholeNumber(1)(text) }),
  'file-size': (text) => ({ fileMb: parseMemoryMb(text) }),
  'folder-size': (text) => ({ folderMb: parseMemoryMb(text) }),
  'folder-files': (text) => ({ folderFiles: wholeNumber(1)(text) }),
};

/** Names of the limits. */
export const LIMIT_OPTION_NAMES: readonly string[] = Object.keys(READERS);

/** Collects `NAME=VALUE`, for example `cpu-time=10m`. */
export function collectLimits(text: string, before: LimitsInput | undefined): LimitsInput {
  const at = text.indexOf('=');
  const read = READERS[text.slice(0, Math.max(0, at))];
  if (read === undefined) throw new InvalidArgumentError(`Write NAME=VALUE; names: ${LIMIT_OPTION_NAMES.join(', ')}.`);
  return { ...before, ...read(text.slice(at + 1)) };
}
