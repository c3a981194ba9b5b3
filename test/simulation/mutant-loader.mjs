/** Puts a deliberate fault into the code that is loaded: `node --import typescript-loader.mjs --import mutant-loader.mjs`, with the fault as JSON in `SIMULATION_MUTANT`. */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const mutant = JSON.parse(process.env.SIMULATION_MUTANT ?? '{"file":"nowhere"}');

if (isMainThread) register(import.meta.url);

/** Replaces the text `find` of the module `file`, which must be there, once its types are gone. */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(`/${mutant.file}`)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(mutant.find)) throw new Error(`${mutant.file} has no ${mutant.find}`);
  return { ...loaded, source: source.replace(mutant.find, mutant.replace) };
}
