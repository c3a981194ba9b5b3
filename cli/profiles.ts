/** Named addresses in `~/.config/marid/config.yaml` (XDG Base Directory Specification): `current: NAME` and `profiles: {NAME: ADDRESS}`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno, errorText } from '../core/errors/system-error.js';
import { MaridError } from '../core/errors/marid-error.js';
import type { CliContext } from './context.js';

/** The file's content. */
export interface Profiles {
  /** Name of the profile used when none is asked for; `null`: none. */
  readonly current: string | null;
  /** Addresses by name. */
  readonly profiles: Readonly<Record<string, string>>;
}

/** Where the file is. */
export function profilesFile(context: CliContext): string {
  const base = context.env.XDG_CONFIG_HOME ?? '';
  return join(base === '' ? join(context.homeFolder, '.config') : base, 'marid', 'config.yaml');
}

/** Reads the file; empty when there is none. Throws `INVALID_ARGUMENT` naming the file when it is broken. */
export async function readProfiles(context: CliContext): Promise<Profiles> {
  const file = profilesFile(context);
  const text = await readIfPresent(file);
  if (text === null) return { current: null, profiles: {} };
  const { parse } = await import('yaml');
  try {
    return decodeProfiles(parse(text));
  } catch (error) {
    throw new MaridError('INVALID_ARGUMENT', `${file} is not valid: ${errorText(error)}`, { cause: error });
  }
}

/** Writes the file whole: readers see the old content or the new. */
export async function writeProfiles(context: CliContext, profiles: Profiles): Promise<void> {
  const { stringify } = await import('yaml');
  const file = profilesFile(context);
  const content = { ...(profiles.current === null ? {} : { current: profiles.current }), profiles: profiles.profiles };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, stringify(content));
  await rename(`${file}.new`, file);
}

async function readIfPresent(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function decodeProfiles(content: unknown): Profiles {
  if (content === null) return { current: null, profiles: {} };
  if (typeof content !== 'object') throw new Error('it must be a mapping with "profiles"');
  const profiles: Record<string, string> = {};
  const given: unknown = 'profiles' in content ? (content.profiles ?? {}) : {};
  if (typeof given !== 'object' || given === null) throw new Error('"profiles" must map names to addresses');
  for (const [name, address] of Object.entries(given)) {
    if (typeof address !== 'string') throw new Error(`the address of "${name}" must be a text`);
    profiles[name] = address;
  }
  const current: unknown = 'current' in content ? content.current : null;
  return { current: typeof current === 'string' ? current : null, profiles };
}
