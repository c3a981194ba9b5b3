/** What `marid version` does. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { formatPairs } from '../output/table.js';
import { packageVersion } from '../version.js';

/** Prints our version, and the server's if asked. */
export async function showVersion(context: CliContext, command: Command): Promise<void> {
  const { server } = command.opts<{ readonly server?: boolean }>();
  await context.stdout.write(`${packageVersion()}\n`);
  if (server !== true) return;
  const { withClient } = await import('../connect.js');
  const info = await withClient(context, command, (client) => client.fleet.getServerInfo({}));
  const engines = Object.entries(info.engines).map(([port, engine]) => `${port} ${engine}`);
  await context.stdout.write(
    formatPairs([
      ['Server', info.version],
      ['Instance', info.instanceId],
      ['Engines', engines.sort().join(', ')],
    ]),
  );
}
