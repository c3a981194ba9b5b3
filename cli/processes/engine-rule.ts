/** What must hold between the sections of one file, and what a choice of engines means. */
import type { FieldViolation } from '../../core/errors/marid-error.js';
import type { SectionRule } from '../../infra/runtime/config.js';
import { allowsSeveral, type ControlPlaneConfig } from '../../services/control-plane/config.js';
import type { CONFIG_SCHEMAS } from './configuration.js';

/**
 * A worker's section is compared with the control plane's only where the file, the environment or a flag says something of both: the file of a worker's own
 * machine says nothing of engines.
 */
export const engineRule: SectionRule<typeof CONFIG_SCHEMAS> = ({ controlPlane, worker }, given) => {
  const problems: FieldViolation[] = [];
  if (![...given].some((key) => key.startsWith('controlPlane.'))) return problems;
  if (worker.log === 'kafka' && controlPlane.log === 'embedded') {
    const description = 'is kafka, but controlPlane.log is embedded: say the same for both, or worker.log: remote';
    problems.push({ field: 'worker.log', description });
  }
  if (worker.controlPlane.includes(',') && !allowsSeveral(controlPlane)) {
    const description = `names several control planes, but there can be only one: ${embeddedParts(controlPlane)}`;
    problems.push({ field: 'worker.controlPlane', description });
  }
  return problems;
};

/** How many control planes the engines allow, one sentence. */
export function describeEngines(config: ControlPlaneConfig): string {
  return allowsSeveral(config)
    ? 'Any number of control planes can run over these engines.'
    : `Exactly one control plane can run over these engines: ${embeddedParts(config)}.`;
}

function embeddedParts({ store, log, lease, blobs, dataFolder }: ControlPlaneConfig): string {
  const parts = [
    ...(store === 'sqlite' ? ['store'] : []),
    ...(log === 'embedded' ? ['log'] : []),
    ...(lease === 'embedded' ? ['lease'] : []),
    ...(blobs === 'filesystem' ? ['blobs'] : []),
  ];
  return `${parts.join(', ')} ${parts.length === 1 ? 'is' : 'are'} in ${dataFolder}, which one process holds`;
}
