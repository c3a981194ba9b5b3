/** What `marid config check` does. */
import { checkControlPlaneEngines, checkWorkerLog, type EngineCheck } from '../../infra/engines/check-engines.js';
import { maskUrls, redact } from '../../infra/runtime/redact.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { escapeText } from '../output/escape.js';
import { loadConfiguration } from './configuration.js';
import { describeEngines } from './engine-rule.js';

/** Checks the values, then connects to each engine; ends with 2 when something is wrong. Secrets are never printed. */
export async function checkConfiguration(context: CliContext, options: { readonly config?: string }): Promise<void> {
  const { sections, values, secrets } = await loadConfiguration(context, options.config);
  const { controlPlane, worker } = sections;
  const say = (line: string): Promise<void> =>
    context.stdout.write(`${escapeText(redact(String(maskEach(line)), secrets))}\n`);
  const clock = new SystemClock();
  const isGiven = (section: string): boolean =>
    values.some(({ key, origin }) => key.startsWith(`${section}.`) && origin !== 'default');
  await say('The configuration is valid.');
  const checks: EngineCheck[] = [];
  if (isGiven('controlPlane') || !isGiven('worker')) {
    await say(describeEngines(controlPlane));
    checks.push(...(await checkControlPlaneEngines(controlPlane, clock)));
  }
  if (worker.log === 'kafka') checks.push(await checkWorkerLog(worker, clock));
  for (const { part, engine, problem, remedy, notes } of checks) {
    await say(`${part}: ${engine}: ${problem === null ? 'ok' : `${sentence(problem)} ${remedy ?? ''}`}`);
    for (const note of notes) await say(`  note: ${note}`);
  }
  exitWith(checks.some(({ problem }) => problem !== null) ? EXIT.usage : EXIT.ok);
}

/** Masks the URLs in a line. */
function maskEach(line: string): string {
  return line
    .split(' ')
    .map((word) => String(maskUrls(word)))
    .join(' ');
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
