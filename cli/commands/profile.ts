/** `marid profile`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command with its subcommands. */
export function register(program: Command, context: CliContext): void {
  const profile = program.command('profile');
  documented(profile, {
    summary: 'Keep addresses of control planes by name, in ~/.config/marid/config.yaml.',
    examples: [['marid profile set prod marid.example.org:7070', 'then `marid profile use prod`']],
  });
  documented(profile.command('list'), {
    summary: 'List the profiles; * marks the one in use.',
    examples: [['marid profile list', 'all profiles']],
  }).action(async () => {
    const { listProfiles } = await import('../actions/profile.js');
    await listProfiles(context);
  });
  documented(profile.command('set').argument('<name>', 'name').argument('<address>', 'host:port'), {
    summary: 'Add a profile, or change its address.',
    examples: [['marid profile set local 127.0.0.1:7070', 'this machine']],
  }).action(async (name: string, address: string) => {
    const { setProfile } = await import('../actions/profile.js');
    await setProfile(context, name, address);
  });
  documented(profile.command('use').argument('<name>', 'name'), {
    summary: 'Use a profile from now on, unless --address, --profile or the environment say otherwise.',
    examples: [['marid profile use prod', 'all commands go to prod']],
  }).action(async (name: string) => {
    const { useProfile } = await import('../actions/profile.js');
    await useProfile(context, name);
  });
}
