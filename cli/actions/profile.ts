/** What `marid profile` does. */
import { MaridError } from '../../core/errors/marid-error.js';
import { parseAddress } from '../../infra/rpc/address.js';
import { nearest } from '../../infra/runtime/nearest.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output/table.js';
import { readProfiles, writeProfiles } from '../profiles.js';

/** Lists the profiles. */
export async function listProfiles(context: CliContext): Promise<void> {
  const { current, profiles } = await readProfiles(context);
  const table = formatTable(
    [
      { title: 'NAME', value: ([name]) => (name === current ? `${name} *` : name) },
      { title: 'ADDRESS', value: ([, address]) => address },
    ],
    Object.entries(profiles),
  );
  await context.stdout.write(table);
}

/** Adds or changes a profile. */
export async function setProfile(context: CliContext, name: string, address: string): Promise<void> {
  parseAddress(address);
  const { current, profiles } = await readProfiles(context);
  await writeProfiles(context, { current, profiles: { ...profiles, [name]: address } });
}

/** Makes a profile the one in use. */
export async function useProfile(context: CliContext, name: string): Promise<void> {
  const { profiles } = await readProfiles(context);
  if (profiles[name] === undefined) {
    throw new MaridError('NOT_FOUND', `There is no profile "${name}"${nearest(name, Object.keys(profiles))}`);
  }
  await writeProfiles(context, { current: name, profiles });
}
