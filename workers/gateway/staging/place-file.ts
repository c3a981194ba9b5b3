/** Brings one file of a job to its place. Only `file:` URIs so far. */
import { constants } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorCode, StagingFailure, stagingFailureOf } from './staging.js';

/** Errors of a source that the one who named it can mend. */
const SOURCE_ERRORS = new Map([
  ['ENOENT', 'there is no such file on the worker'],
  ['ENOTDIR', 'there is no such file on the worker'],
  ['EACCES', 'the worker may not read it'],
  ['EPERM', 'the worker may not read it'],
  ['ELOOP', 'its links go round in a circle'],
  ['ENAMETOOLONG', 'its path is too long'],
]);

/** Copies what `uri` names to the path `target`. Throws `StagingFailure` that names the URI. */
export async function placeFile(uri: string, target: string): Promise<void> {
  const source = sourcePath(uri);
  await checkSource(uri, source);
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(errorCode(error) ?? '')) throw sourceFailure(uri, error);
    throw stagingFailureOf(error, `copying ${uri}`);
  }
}

function sourcePath(uri: string): string {
  let url: URL;
  try {
    url = new URL(uri);
  } catch (error) {
    throw new StagingFailure('INVALID_URI', `${JSON.stringify(uri)} is not a URI.`, false, error);
  }
  if (url.protocol !== 'file:') {
    const message = `The file ${uri} cannot be fetched: this worker knows file: URIs only, not ${url.protocol}.`;
    throw new StagingFailure('UNSUPPORTED_URI', message, false);
  }
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new StagingFailure('INVALID_URI', `${uri} does not name a file of this machine.`, false, error);
  }
}

/** Only regular files: a pipe would block for ever, a device never end. */
async function checkSource(uri: string, source: string): Promise<void> {
  const found = await stat(source).catch((error: unknown) => {
    throw sourceFailure(uri, error);
  });
  if (found.isFile()) return;
  const kind = found.isDirectory() ? 'a folder' : 'not a regular file';
  throw new StagingFailure('FILE_UNREADABLE', `The file ${uri} cannot be fetched: it is ${kind}.`, false);
}

function sourceFailure(uri: string, error: unknown): StagingFailure {
  const why = SOURCE_ERRORS.get(errorCode(error) ?? '');
  if (why === undefined) return stagingFailureOf(error, `reading ${uri}`);
  return new StagingFailure('FILE_UNREADABLE', `The file ${uri} cannot be fetched: ${why}.`, false, error);
}
