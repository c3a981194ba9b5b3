/** What `marid control-plane` does. */
import { startControlPlane } from '../../services/control-plane/main.js';
import type { ControlPlaneOptions } from '../commands/control-plane.js';
import type { CliContext } from '../context.js';
import { loadConfiguration, systemRuntime } from './configuration.js';
import { runProcess } from './run-process.js';

/** Runs a control plane until it is told to end. */
export async function runControlPlane(context: CliContext, options: ControlPlaneOptions): Promise<void> {
  const configuration = await loadConfiguration(context, options.config, {
    'controlPlane.listen': options.listen,
    'controlPlane.dataFolder': options.dataFolder,
  });
  const running = await startControlPlane({
    config: configuration.sections.controlPlane,
    runtime: systemRuntime(configuration),
  });
  await runProcess(context, options.output, {
    facts: { address: running.address },
    stop: () => running.stop(),
  });
}
