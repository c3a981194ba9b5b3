/** Whose failure it is when HTTP fails. */
import { FetchError, isFetchError } from '../../../core/ports/fetcher.js';
import { ADDRESS_REFUSED, TOO_SLOW } from './http-connection.js';

/** Statuses below 500 that may pass. */
const PASSING: readonly number[] = [408, 421, 425, 429];
/** Names and certificates: whoever wrote the URI, or runs the server, has to mend them. */
const OWN = /^(ENOTFOUND|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|.*_CERT.*|.*_SIGNATURE|ERR_INVALID_URL|HPE_.*)$/;

/** An answer that is no file. */
export function statusError(shown: string, status: number): FetchError {
  const infrastructure = status >= 500 || PASSING.includes(status);
  const reason = infrastructure ? 'FETCH_FAILED' : 'FILE_UNREADABLE';
  return new FetchError(reason, `The file ${shown} cannot be fetched: the server answered ${status}.`, infrastructure);
}

/** Anything else. */
export function httpError(shown: string, error: unknown): FetchError {
  if (isFetchError(error)) return error;
  const { code, message } = partsOf(error);
  if (code === ADDRESS_REFUSED) {
    const text = `The file ${shown} cannot be fetched: ${message}, and the worker's configuration (fetchAllow) does not allow it.`;
    return new FetchError('ADDRESS_REFUSED', text, false, error);
  }
  if (OWN.test(code)) {
    const why = code === 'ENOTFOUND' ? 'there is no such host' : code;
    return new FetchError('FILE_UNREADABLE', `The file ${shown} cannot be fetched: ${why}.`, false, error);
  }
  const why = code === '' || code === TOO_SLOW ? message : `the connection failed (${code})`;
  return new FetchError('FETCH_FAILED', `The file ${shown} cannot be fetched: ${why}.`, true, error);
}

/** Several addresses of a host that all failed come as one error with the others inside. */
function partsOf(error: unknown): { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: 'message' in error ? String(error.message) : '' };
}
