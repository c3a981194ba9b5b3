/** Certificates of an authority that only a test knows. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTemporaryFolder } from './temporary-folder.js';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const run = promisify(execFile);

/** Paths of PEM files, for a server on 127.0.0.1 and its clients. */
export interface TestAuthority {
  /** The authority's certificate. */
  readonly ca: string;
  /** The server's certificate. */
  readonly certificate: string;
  /** Its key, PKCS #8. */
  readonly key: string;
  /** Key and certificate in one file. */
  readonly keystore: string;
  /** The certificate of another authority, which signed nothing. */
  readonly otherCa: string;
  remove(): void;
}

/** Makes them by openssl; null where there is none. Rejects then when `CI=true`. */
export async function makeTestAuthority(): Promise<TestAuthority | null> {
  const folder = makeTemporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  try {
    await Promise.all(['ca', 'other-ca'].map((name) => selfSigned(file, name)));
    await signed(file, 'server', 'ca');
  } catch (error) {
    folder.remove();
    if (process.env['CI'] === 'true' || !isAbsent(error)) throw error;
    return null;
  }
  const [key, certificate] = [file('server.key'), file('server.pem')];
  const keystore = file('keystore.pem');
  await writeFile(keystore, (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')));
  const remove = (): void => folder.remove();
  return { ca: file('ca.pem'), otherCa: file('other-ca.pem'), certificate, key, keystore, remove };
}

async function selfSigned(file: (name: string) => string, name: string): Promise<void> {
  const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
  await run('openssl', ['req', '-x509', ...KEY, ...out, '-subj', `/CN=marid test ${name}`, '-days', '2']);
}

async function signed(file: (name: string) => string, name: string, by: string): Promise<void> {
  const request = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`), '-subj', '/CN=127.0.0.1'];
  await run('openssl', ['req', ...KEY, ...request]);
  await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const authority = ['-CA', file(`${by}.pem`), '-CAkey', file(`${by}.key`), '-CAcreateserial'];
  const out = ['-in', file(`${name}.csr`), '-out', file(`${name}.pem`), '-extfile', file('names'), '-days', '2'];
  await run('openssl', ['x509', '-req', ...authority, ...out]);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
