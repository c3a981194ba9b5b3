/** Keeps secrets out of what is printed. */

/** What stands for a secret. */
export const MASK = '***';

/** `scheme://user:password@`, greedy to the last `@`: a password may hold one that nobody encoded. */
const PASSWORD = /^([a-z][a-z0-9+.-]*:\/\/[^:/?#@\s]*):(\S+)@/i;
/** Options of a URL that hold secrets, as `tlsCertificateKeyFilePassword` does. */
const SECRET_OPTION = /([?&][^=&\s]*(?:password|secret|token|authmechanismproperties)[^=&\s]*=)([^&\s]+)/gi;

/** A value with the passwords of URLs replaced; also within lists. */
export function maskUrls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskUrls);
  if (typeof value !== 'string') return value;
  return value.replace(PASSWORD, `$1:${MASK}@`).replace(SECRET_OPTION, `$1${MASK}`);
}

/** The secret parts of a value: passwords and secret options of URLs; also within lists. */
export function secretsInUrls(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(secretsInUrls);
  if (typeof value !== 'string') return [];
  const password = PASSWORD.exec(value)?.[2];
  const options = [...value.matchAll(SECRET_OPTION)].map((match) => match[2] ?? '');
  return [...(password === undefined ? [] : [password, decoded(password)]), ...options];
}

/** A text without the secrets, longest first. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = [...new Set(secrets)].filter((each) => each.length > 0).sort((a, b) => b.length - a.length);
  return known.reduce((left, secret) => left.replaceAll(secret, MASK), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded
  }
}
