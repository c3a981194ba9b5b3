/** What `marid run --local` does. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { MaridClient } from '../../client/marid-client.js';
import type { ProcessExit } from '../../core/ports/launcher.js';
import { JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import { isAlive, startAgent, type RunningAgent } from '../../workers/gateway/main.js';
import type { JobOptions } from '../commands/job-options.js';
import { findAddress, withClient } from '../connect.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { attachFiles } from '../input/attach-files.js';
import { readJobInput } from '../input/job-request.js';
import { escapeText } from '../output/escape.js';
import { loadConfiguration, systemRuntime } from '../processes/configuration.js';
import type { GlobalOptions } from '../registration.js';
import { awaitArchive, settleArchive } from './local-archive.js';
import { exitCodeOfJob } from './run.js';

/** How long the control plane may take to show the end of a program that has ended, in milliseconds. */
const END_SHOWN_MS = 10_000;
/** How long the control plane may take to note why the job ends, in milliseconds. */
const KILL_MS = 2_000;
/** What the program gets to know of the terminal. */
const TERMINAL_VARIABLES = ['TERM', 'COLORTERM', 'TZ'];

/** Submits a job for an agent of our own, runs that until the job has ended, and ends with the job's exit code. */
export async function runLocally(context: CliContext, command: Command, args: readonly string[]): Promise<void> {
  const options = command.opts<JobOptions>();
  const { id, request } = await readJobInput(context, options, args);
  const archives = settleArchive(
    request,
    command.getOptionValueSource('archive') === 'cli' && options.archive === true,
  );
  const { address } = await findAddress(context, command.optsWithGlobals<GlobalOptions>());
  const exitCode = await withClient(context, command, async (client) => {
    const folder = await newFolder(context);
    const start = await prepareAgent(context, { address, folder });
    const signals = new TerminalSignals(context, client);
    try {
      await attachFiles(context, client, request, { paths: options.attach });
      const job = await client.submit(request, { id, agentId: start.agentId });
      signals.submitted(job.id);
      if (context.stderr.isTerminal) await context.stderr.write(`marid: job ${escapeText(job.id)}\n`);
      const agent = await start.run(job.memoryMb);
      signals.started(agent);
      try {
        const code = await attend(context, client, job.id, agent);
        if (archives) await awaitArchive(context, client, { jobId: job.id, signal: signals.leave });
        return code;
      } finally {
        await agent.stop();
      }
    } catch (error) {
      await signals.giveUp();
      throw error;
    } finally {
      signals.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
  exitWith(exitCode);
}

/** An agent of this machine's user, with the configuration of a worker for what it fetches. */
async function prepareAgent(context: CliContext, where: { readonly address: string; readonly folder: string }) {
  const { sections } = await loadConfiguration(context, undefined);
  // Lines of a log would be all over the program's screen.
  const level = context.env['MARID_LOG_LEVEL'] === undefined ? 'silent' : sections.log.level;
  const runtime = systemRuntime({ sections: { ...sections, log: { ...sections.log, level } } });
  const agentId = `agent-${runtime.random.id()}`;
  const config = { ...sections.worker, controlPlane: where.address, stateFolder: where.folder, advertise: null };
  const environment = Object.fromEntries(
    TERMINAL_VARIABLES.flatMap((name) => (context.env[name] === undefined ? [] : [[name, context.env[name]]])),
  );
  const cacheFolder = join(userFolder(context, 'XDG_CACHE_HOME', '.cache'), 'files');
  await mkdir(cacheFolder, { recursive: true });
  const options = { ...runtime, agentId, config, cacheFolder, environment, workingDirectory: process.cwd() };
  return { agentId, run: (memoryMb: number): Promise<RunningAgent> => startAgent({ ...options, memoryMb }) };
}

/** A folder for the files of the job, gone at its end; those of commands that were killed go too. */
async function newFolder(context: CliContext): Promise<string> {
  const parent = join(userFolder(context, 'XDG_STATE_HOME', '.local/state'), 'local');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const left = (await readdir(parent)).filter((name) => !isAlive(Number(name.split('-')[0])));
  await Promise.all(left.map((name) => rm(join(parent, name), { recursive: true, force: true })));
  return mkdtemp(join(parent, `${process.pid}-`));
}

/** Ours among the user's folders of a kind (XDG Base Directory Specification). */
function userFolder(context: CliContext, variable: string, standard: string): string {
  return join(context.env[variable] || join(context.homeFolder, standard), 'marid');
}

/**
 * What Ctrl-C and the end of the terminal mean. Ctrl-C: before the program runs, the job is killed; then it is the program's own, which gets it by itself. SIGTERM, and
 * a terminal that is closed, end the program.
 */
class TerminalSignals {
  private readonly stops: readonly (() => void)[];
  private readonly leaving = new AbortController();
  private jobId: string | null = null;
  private agent: RunningAgent | null = null;

  constructor(
    private readonly context: CliContext,
    private readonly client: MaridClient,
  ) {
    this.stops = [
      context.onInterrupt((signal) => {
        if (signal === 'SIGTERM' || this.agent?.hasTerminal !== true) this.endJob('interrupted');
      }),
      context.onHangUp(() => this.endJob('the terminal was closed')),
    ];
  }

  submitted(jobId: string): void {
    this.jobId = jobId;
  }

  started(agent: RunningAgent): void {
    this.agent = agent;
  }

  end(): void {
    for (const stop of this.stops) stop();
  }

  /** The job cannot be run here: nobody is to wait for it. */
  async giveUp(): Promise<void> {
    await this.kill('it could not be run').catch(() => undefined); // then it fails by itself
  }

  /** Aborts when the person wants to be gone. */
  get leave(): AbortSignal {
    return this.leaving.signal;
  }

  private endJob(reason: string): void {
    this.leaving.abort();
    const end = (): void => this.agent?.kill();
    this.kill(reason).then(end, end); // the reason first; the program ends without the control plane too
  }

  private async kill(reason: string): Promise<void> {
    if (this.jobId === null) return;
    await this.client.kill(this.jobId, { reason, user: this.context.userName(), timeoutMs: KILL_MS });
  }
}

async function attend(context: CliContext, client: MaridClient, jobId: string, agent: RunningAgent): Promise<number> {
  const over = new AbortController();
  const exited = agent.exit.then(async (exit) => {
    await context.clock.sleep(END_SHOWN_MS, over.signal);
    return { kind: 'exit' as const, exit };
  });
  const waited = client.wait(jobId, { signal: over.signal }).then((job) => ({ kind: 'job' as const, job }));
  const first = await Promise.race([exited, waited]);
  over.abort();
  waited.catch(() => undefined); // aborted
  if (first.kind === 'job') return showEnd(context, first.job);
  await context.stderr.write(`marid: the control plane has not shown the end of job ${escapeText(jobId)} yet\n`);
  return exitCodeOf(first.exit);
}

async function showEnd(context: CliContext, job: Job): Promise<number> {
  if (job.status !== JobStatus.SUCCEEDED && job.reason !== 'EXIT_CODE') {
    await context.stderr.write(`marid: ${escapeText(`job ${job.id} ${JobStatus[job.status]}: ${job.message}`)}\n`);
  }
  return exitCodeOfJob(job);
}

function exitCodeOf({ result }: ProcessExit): number {
  const number = Object.entries(constants.signals).find(([name]) => name === result.signal)?.[1];
  return result.exitCode ?? (number === undefined ? EXIT.jobFailed : 128 + number);
}
