/** Configuration of a process's own log: the section `log`. */
import { z } from 'zod';

/** Schema of the section `log`. */
export const logConfigSchema = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe level that is written to standard error.'),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('`pretty` is text for people, `auto` is that on a terminal and JSON lines elsewhere.'),
});
