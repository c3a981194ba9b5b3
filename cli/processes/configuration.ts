/** Finds and checks the configuration of Marid's own processes. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MaridError } from '../../core/errors/marid-error.js';
import { resolveConfig, type ConfigSource, type ResolvedConfig } from '../../infra/runtime/config.js';
import { logConfigSchema } from '../../infra/runtime/log-config.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { controlPlaneConfigSchema } from '../../services/control-plane/config.js';
import { workerConfigSchema } from '../../workers/gateway/config.js';
import type { CliContext } from '../context.js';
import { engineRule } from './engine-rule.js';

/** The sections of the configuration file. */
export const CONFIG_SCHEMAS = {
  controlPlane: controlPlaneConfigSchema,
  worker: workerConfigSchema,
  log: logConfigSchema,
};

/** The whole configuration, checked. */
export type Configuration = ResolvedConfig<typeof CONFIG_SCHEMAS>;

/** Reads the file that `--config` or MARID_CONFIG names, the environment and the flags. */
export async function loadConfiguration(
  context: CliContext,
  path: string | undefined,
  flags: ConfigSource['flags'] = {},
): Promise<Configuration> {
  const file = path ?? context.env['MARID_CONFIG'];
  const text = file === undefined ? null : { path: file, text: await readText(file) };
  const readSecret = (secret: string): string => readFileSync(secret, 'utf8');
  return resolveConfig(CONFIG_SCHEMAS, { file: text, environment: context.env, flags, readSecret }, engineRule);
}

/** Clock, chance and log of a process. */
export function systemRuntime(configuration: { readonly sections: Pick<Configuration['sections'], 'log'> }) {
  const { level, format } = configuration.sections.log;
  const logger = PinoLogger.create({ level, ...(format === 'auto' ? {} : { pretty: format === 'pretty' }) });
  return { clock: new SystemClock(), random: new SystemRandom(), logger };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new MaridError('NOT_FOUND', `The configuration file ${path} cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}
