/** A logger for tests: silent, and it remembers what it was told. */
import type { Logger } from '../../core/ports/logger.js';

/** One remembered line. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `Logger` that keeps its lines in `lines`; children write to the same list. */
export class QuietLogger implements Logger {
  constructor(
    readonly lines: LogLine[] = [],
    private readonly bound: Readonly<Record<string, unknown>> = {},
  ) {}

  debug(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.keep('debug', fields, message);
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.keep('info', fields, message);
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.keep('warn', fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.keep('error', fields, message);
  }

  child(fields: Readonly<Record<string, unknown>>): Logger {
    return new QuietLogger(this.lines, { ...this.bound, ...fields });
  }

  private keep(level: LogLine['level'], fields: Readonly<Record<string, unknown>>, message: string): void {
    this.lines.push({ level, message, fields: { ...this.bound, ...fields } });
  }
}
