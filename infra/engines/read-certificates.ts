/** Certificates of authorities, from a file that a key of the configuration names. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MaridError } from '../../core/errors/marid-error.js';

/** The file's text. `INVALID_ARGUMENT`, with the key, when it cannot be read or does not begin with a certificate: Node would trust nobody then, and not say why. */
export async function readCertificates(key: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw wrong(`${key}: ${path} cannot be read; look at its path and mode.`, cause);
  });
  try {
    new X509Certificate(text);
  } catch (cause) {
    throw wrong(`${key}: ${path} holds no certificate in PEM.`, cause);
  }
  return text;
}

function wrong(message: string, cause: unknown): MaridError {
  return new MaridError('INVALID_ARGUMENT', message, { cause });
}
