/** The process's log: JSON lines on standard error, or pretty text for people. */
import { pino, destination, type Logger as Pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';
import type { Logger } from '../../core/ports/logger.js';

/** Options of `PinoLogger.create`. */
export interface LoggerOptions {
  /** Least severe level that is written. Default: `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Text for people instead of JSON. Default: whether standard error is a terminal. */
  readonly pretty?: boolean;
}

/** `Logger` over pino. An `error` field is written with its message, stack and causes. */
export class PinoLogger implements Logger {
  private constructor(private readonly target: Pino) {}

  static create(options: LoggerOptions = {}): PinoLogger {
    const base = { level: options.level ?? 'info', serializers: { error: pino.stdSerializers.errWithCause } };
    const pretty = options.pretty ?? process.stderr.isTTY;
    const lines = pretty
      ? prettyStream({ destination: 2, sync: true, singleLine: true, ignore: 'pid,hostname' })
      : destination({ fd: 2, sync: true });
    return new PinoLogger(pino(base, lines));
  }

  debug(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.target.debug(fields, message);
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.target.info(fields, message);
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.target.warn(fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.target.error(fields, message);
  }

  child(fields: Readonly<Record<string, unknown>>): Logger {
    return new PinoLogger(this.target.child(fields));
  }
}
