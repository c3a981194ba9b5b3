/** Secrets by file: a key `x` whose section also has `xFile` may be given as the path of a file that holds it. */
import { errorText } from '../../core/errors/system-error.js';
import type { FieldViolation } from '../../core/errors/marid-error.js';
import type { ConfigSchemas, Given } from './config.js';

const SUFFIX = 'File';

/** Puts what the files hold where the keys themselves would be; a list is one entry a line. */
export function readSecretFiles(
  schemas: ConfigSchemas,
  given: Map<string, Given>,
  read: ((path: string) => string) | undefined,
  problems: FieldViolation[],
): void {
  for (const [section, { shape }] of Object.entries(schemas)) {
    for (const key of Object.keys(shape).filter((each) => `${each}${SUFFIX}` in shape)) {
      const file = given.get(`${section}.${key}${SUFFIX}`)?.value;
      if (typeof file !== 'string') continue; // not given, or a problem that the schema tells
      if (given.has(`${section}.${key}`)) {
        problems.push({
          field: `${section}.${key}${SUFFIX}`,
          description: `is given beside ${key}: leave one of them out`,
        });
        continue;
      }
      try {
        const text = (read?.(file) ?? '').trim();
        const list = shape[key]?.safeParse([]).success === true;
        const value = list ? text.split(/[\s,]+/).filter((line) => line !== '') : text;
        given.set(`${section}.${key}`, { value, origin: `secret file ${file}` });
      } catch (error) {
        const why = errorText(error);
        problems.push({ field: `${section}.${key}${SUFFIX}`, description: `cannot be read: ${why}` });
      }
    }
  }
}
