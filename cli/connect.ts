/** From the command line's options to a client, and from its failures to hints. */
import type { Command } from 'commander';
import { MaridClient } from '../client/marid-client.js';
import { isMaridError, MaridError } from '../core/errors/marid-error.js';
import { nearest } from '../infra/runtime/nearest.js';
import type { CliContext } from './context.js';
import { escapeText } from './output/escape.js';
import { profilesFile, readProfiles } from './profiles.js';
import type { GlobalOptions } from './registration.js';

/** The address when nothing says another one. */
const DEFAULT_ADDRESS = '127.0.0.1:7070';
/** How long an unanswered call goes on without a word, in milliseconds. */
const QUIET_MS = 1_000;

/** An address and what said it. */
export interface FoundAddress {
  readonly address: string;
  readonly source: string;
}

/** Finds the address: option, environment, profile, default. NOT_FOUND when the profile asked for does not exist. */
export async function findAddress(context: CliContext, options: GlobalOptions): Promise<FoundAddress> {
  if (options.address !== undefined) return { address: options.address, source: '--address' };
  const fromEnvironment = context.env.MARID_ADDRESS ?? '';
  if (options.profile === undefined && fromEnvironment !== '') {
    return { address: fromEnvironment, source: 'MARID_ADDRESS' };
  }
  const asked = options.profile ?? (context.env.MARID_PROFILE || null);
  const { current, profiles } = await readProfiles(context);
  const name = asked ?? current;
  if (name === null) return { address: DEFAULT_ADDRESS, source: 'default' };
  const address = profiles[name];
  if (address !== undefined) return { address, source: `profile ${name}` };
  const hint = nearest(name, Object.keys(profiles));
  throw new MaridError('NOT_FOUND', `There is no profile "${name}" in ${profilesFile(context)}${hint}`);
}

/** Runs `work` with a client, which is closed behind it. */
export async function withClient<T>(
  context: CliContext,
  command: Command,
  work: (client: MaridClient) => Promise<T>,
): Promise<T> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const found = await findAddress(context, options);
  const client = MaridClient.connect({
    address: found.address,
    timeoutMs: options.requestTimeout,
    clock: context.clock,
    onRetry: retryNotice(context, found.address),
  });
  try {
    return await work(client);
  } catch (error) {
    throw withHint(error, found);
  } finally {
    await client.close();
  }
}

/** Says once that a call is tried again, when it has taken a while. */
function retryNotice(context: CliContext, address: string): (error: MaridError) => void {
  let since: number | null = null;
  let said = false;
  return (error) => {
    since ??= context.clock.monotonic();
    if (said || context.clock.monotonic() - since < QUIET_MS) return;
    said = true;
    void context.stderr.write(`marid: no answer from ${address} (${escapeText(error.message)}), trying on\n`);
  };
}

function withHint(error: unknown, found: FoundAddress): unknown {
  if (!isMaridError(error) || error.code !== 'UNAVAILABLE') return error;
  const hint = `is \`marid dev\` or a control plane running? address ${found.address} (${found.source})`;
  // grpc-js ends its text with an empty note when the name was resolved.
  const message = error.message.replace(/\.? Resolution note:\s*$/, '');
  return new MaridError('UNAVAILABLE', `${message}; ${hint}`, { cause: error });
}
