/** What `marid health` does. */
import type { Command } from 'commander';
import { probeHealth } from '../../infra/rpc/health-probe.js';
import { findAddress } from '../connect.js';
import type { CliContext } from '../context.js';
import type { GlobalOptions } from '../registration.js';

/** Longest wait: probes are repeated by whoever asks. */
const TIMEOUT_MS = 5000;

/** Says `serving`, or fails. */
export async function showHealth(context: CliContext, command: Command): Promise<void> {
  const { address } = await findAddress(context, command.optsWithGlobals<GlobalOptions>());
  await probeHealth({ address, timeoutMs: TIMEOUT_MS });
  await context.stdout.write('serving\n');
}
