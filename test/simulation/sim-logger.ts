/** The log of the code under test: kept only when somebody wants to read it. */
import type { Logger } from '../../core/ports/logger.js';

/** Gets each line. */
export type LineSink = (line: string) => void;

/** A `Logger` whose lines go to `sink`; `null` drops them. */
export function simLogger(name: string, sink: LineSink | null): Logger {
  const write =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      if (sink !== null) sink(`${level} ${name}: ${message} ${JSON.stringify(fields, plain)}`);
    };
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  return logger;
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
