/** The form of URIs. Which schemes can be fetched is known to workers only. */
import { archiveFolder } from '../files/archive-name.js';
import { LIMITS } from './limits.js';
import { hasControlCharacters, isLongerThan, quote } from './text.js';

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:(?=.)/;
const FILE = /^file:/i;
/** RFC 8089: `file:/path`, `file:///path` or `file://localhost/path`. */
const ABSOLUTE_FILE = /^file:(?:\/\/(?:localhost)?)?\/[^/]/i;

/** What is wrong with a URI, one sentence; `null` when it is an absolute one of allowed length. */
export function uriProblem(text: string): string | null {
  if (text === '') return 'is empty; give an absolute URI such as file:///x or s3://bucket/x';
  if (isLongerThan(text, LIMITS.uriCharacters)) {
    return `is longer than ${LIMITS.uriCharacters} characters; give a shorter URI`;
  }
  if (hasControlCharacters(text)) return 'has control characters; percent-encode or remove them';
  if (text.trim() !== text) return `is ${quote(text)}; remove the spaces around it`;
  return formProblem(text);
}

/** The same for a URI of an archive. */
export function archiveProblem(text: string): string | null {
  const problem = uriProblem(text);
  if (problem !== null || archiveFolder(lastSegment(text)) !== null) return problem;
  return `is ${quote(text)}; the name of an archive must end in .tar.gz, .tgz, .tar or .zip`;
}

function lastSegment(uri: string): string {
  const { pathname } = new URL(uri);
  return pathname.slice(pathname.lastIndexOf('/') + 1);
}

function formProblem(text: string): string | null {
  if (FILE.test(text) && !ABSOLUTE_FILE.test(text)) {
    return `is ${quote(text)}; a file URI must have an absolute path, such as file:///x`;
  }
  if (SCHEME.test(text) && URL.canParse(text)) return null;
  return `is ${quote(text)}; it must be an absolute URI with a scheme, such as file:///x or s3://bucket/x`;
}
