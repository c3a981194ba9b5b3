/**
 * The launcher process: `main.js <folder> <idleMs> <leaseMs>`. One for each worker's state folder; started by `connectLauncher`, which see. Imports nothing but Node's
 * own modules, a few files of Marid and koffi's binary: it has to start at once and stay small, because starting a process costs more the larger the starter is.
 */
import { closeSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { SystemClock } from '../../runtime/system-clock.js';
import { chooseSpawner } from './choose-spawner.js';
import { Guard } from './guard.js';
import { dropOtherCode } from './kept-code.js';
import { LauncherServer } from './launcher-server.js';
import { LeaseDeadline } from './lease-deadline.js';
import { LineLogger } from './line-logger.js';
import { listInheritableDescriptors, readBoot } from './proc.js';
import { MemoryGroups } from './memory-groups.js';
import { ProcessTable } from './process-table.js';
import { RecordJournal } from './record-journal.js';
import { SocketFolder } from './socket-folder.js';

/** Signals that end a launcher which runs nothing, and that one which runs something ignores. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

async function main([path = '', idleMs = '', leaseMs = '']: readonly string[]): Promise<void> {
  for (const descriptor of listInheritableDescriptors()) closeSync(descriptor);
  process.title = 'marid-launcher';
  const clock = new SystemClock();
  const logger = new LineLogger({ clock, fields: { launcher: process.pid } });
  const stop = (reason: string): void => {
    logger.info({ reason }, 'stopping');
    guard.stop();
    table.endLeftovers();
    process.exit(0);
  };
  const folder = SocketFolder.open(path);
  const owner = ownerOf(path);
  const server = createServer();
  const spawner = chooseSpawner(logger);
  const guard = new Guard({ command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)], logger });
  const records = new RecordJournal({ folder: path, logger });
  const table = new ProcessTable({
    records,
    lease: new LeaseDeadline({ clock, leaseMs: Number(leaseMs) }),
    boot: readBoot(),
    owner,
    groups: new MemoryGroups({ owner, clock, logger }),
    spawner,
    guard,
    clock,
    logger,
    onExit: (exit) => workers.tell(exit),
  });
  const workers = new LauncherServer({
    table,
    clock,
    logger,
    idleMs: Number(idleMs),
    beforeTelling: () => records.flush(),
    onIdle: () => stop('nothing to hold'),
  });
  const takeOver = async (): Promise<void> => {
    if (!(await folder.listen(server))) {
      logger.info({}, 'another launcher serves this folder');
      process.exit(0);
    }
    await table.recover();
    dropOtherCode(path, process.argv[1] ?? '');
  };
  for (const signal of SIGNALS) process.on(signal, () => (table.busy ? undefined : stop(signal)));
  process.on('uncaughtException', (error) => logger.error({ error }, 'unexpected error; going on for the jobs'));

  await workers.attach(server, takeOver());
  logger.info({ folder: path, startsBy: spawner.name }, 'serving');
}

/** Names a folder among all of the machine. */
function ownerOf(path: string): string {
  const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
  return [dev, ino, birthtimeNs].map((number) => number.toString(36)).join('-');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`The launcher cannot start: ${error instanceof Error ? String(error.stack) : 'unknown'}\n`);
  process.exit(1);
});
