/** Structured log. Values of fields are data; the message is a constant text. Never pass secrets. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** `fields.error` holds what was caught. */
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** A logger that adds `fields` to every line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}
