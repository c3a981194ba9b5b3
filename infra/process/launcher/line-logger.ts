/** The launcher's log: JSON lines to its standard error, without the weight of a logging library. */
import { writeSync } from 'node:fs';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';

type LogFields = Readonly<Record<string, unknown>>;

/** `Logger` that writes each line at once; `debug` is dropped. */
export class LineLogger implements Logger {
  private readonly clock: Clock;
  private readonly bound: LogFields;
  private failures = 0;

  constructor(options: {
    readonly clock: Clock;
    /** Fields of every line. Default: none. */ readonly fields?: LogFields;
  }) {
    this.clock = options.clock;
    this.bound = options.fields ?? {};
  }

  debug(): void {}

  info(fields: LogFields, message: string): void {
    this.write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.write('error', fields, message);
  }

  child(fields: LogFields): Logger {
    return new LineLogger({ clock: this.clock, fields: { ...this.bound, ...fields } });
  }

  /** A log on a full disk must not end the parent of all jobs; what was lost is counted in the next line. */
  private write(level: string, fields: LogFields, message: string): void {
    const lost = this.failures > 0 ? { lostLines: this.failures } : {};
    const line = JSON.stringify(
      { level, time: this.clock.now(), ...this.bound, ...fields, ...lost, msg: message },
      replaceError,
    );
    try {
      writeSync(2, `${line}\n`);
      this.failures = 0;
    } catch {
      this.failures += 1;
    }
  }
}

function replaceError(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack } : value;
}
