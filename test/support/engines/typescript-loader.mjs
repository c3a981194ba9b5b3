/** Lets Node run the TypeScript sources as they are: `node --import ./typescript-loader.mjs program.ts`. Only for the helpers of the test run; Jest has its own way. */
import { existsSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

/** `./x.js` of a TypeScript file means `./x.ts`. */
export function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(fileURLToPath(url))) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
}

/** Strips the types. */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { transformSync } = await import('@swc/core');
  const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } };
  const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), { ...options, sourceMaps: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
