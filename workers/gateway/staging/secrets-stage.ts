/** Puts secrets in the place of the references to them. Only here and in the request to the launcher is their content ever held. */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { jobEnvironment, type JobVariable } from '../../../core/job/environment.js';
import type { SecretSource } from '../../../core/ports/secret-source.js';
import { secretReference, type SecretReference } from '../../../core/secrets/reference.js';
import { LIMITS } from '../../../core/validation/limits.js';
import { secretTexts } from '../attempts/hide-secrets.js';
import type { SecretRule } from '../secrets-config.js';
import { secretsFolderOf } from '../jobs-folder.js';
import { StagingFailure, type Stage, type StagingContext } from './staging.js';

/** Most bytes of a secret that becomes a file. */
const MOST_FILE_BYTES = 1024 * 1024;

/** Which secrets there are, and which jobs get them. */
export interface SecretsAccess {
  readonly source: SecretSource;
  readonly allow: readonly SecretRule[];
}

/** No job gets any. */
export const NO_ACCESS: SecretsAccess = { source: { read: async () => null }, allow: [] };

/** A variable that refers to a secret. */
interface Use extends JobVariable {
  readonly variable: string;
  readonly reference: SecretReference;
}

/** The stage; without references it does nothing. */
export function secretsStage(access: SecretsAccess): Stage {
  return {
    name: 'secrets',
    async run(context) {
      const uses = usesOf(context);
      if (uses.length === 0) return;
      const files = uses.filter(({ reference }) => reference.kind === 'file');
      if (files.length > 0) makeFolder(context);
      context.attempt.facts = { ...context.attempt.facts, hasSecrets: true };
      const given = { variables: new Map<string, string>(), files: new Map<string, string>() };
      for (const use of uses) {
        const content = await read(access, use, context.specification.request.user);
        context.attempt.secretTexts = [...context.attempt.secretTexts, ...secretTexts(Buffer.from(content).toString())];
        if (use.reference.kind === 'file') given.files.set(use.variable, writeSecret(context, use, content));
        else given.variables.set(use.variable, textOf(use, content));
      }
      context.secrets = { variables: Object.fromEntries(given.variables), files: Object.fromEntries(given.files) };
    },
  };
}

function usesOf({ specification }: StagingContext): readonly Use[] {
  return [...jobEnvironment(specification)].flatMap(([variable, { value, owner }]) => {
    const reference = secretReference(value);
    return reference === null ? [] : [{ variable, value, owner, reference }];
  });
}

async function read({ source, allow }: SecretsAccess, use: Use, user: string): Promise<Uint8Array> {
  const { name } = use.reference;
  if (allow.length === 0) {
    const where =
      "the worker's key `secretsAllow`; with `--local`, in the section `worker` of the file that MARID_CONFIG names";
    throw failure('SECRET_NOT_ALLOWED', use, `no secrets are configured here (${where})`);
  }
  if (!allow.some((rule) => rule.name === name && (rule.user === null || rule.user === user))) {
    throw failure('SECRET_NOT_ALLOWED', use, `this worker does not give it to jobs of user ${JSON.stringify(user)}`);
  }
  const content = await source.read(name).catch((error: unknown) => {
    throw failure('SECRET_UNREADABLE', use, `the worker cannot read it: ${errnoOf(error) ?? 'unknown error'}`, true);
  });
  if (content === null) throw failure('SECRET_NOT_FOUND', use, 'the worker has no secret of this name');
  if (content.length === 0) throw failure('SECRET_UNFIT', use, 'the secret is empty');
  return content;
}

/** A variable's value: text, without the newline that editors put at the end of a file. */
function textOf(use: Use, content: Uint8Array): string {
  if (content.length > LIMITS.environmentValueBytes) {
    throw failure('SECRET_UNFIT', use, `the secret is too long for a variable: use \`secret-file:\``);
  }
  const text = decodeText(use, content).replace(/\r?\n$/, '');
  if (text === '') throw failure('SECRET_UNFIT', use, 'the secret is empty');
  if (!text.includes('\0')) return text;
  throw failure('SECRET_UNFIT', use, 'the secret holds a NUL, which no variable can: use `secret-file:`');
}

function decodeText(use: Use, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw failure('SECRET_UNFIT', use, 'the secret is no text: use `secret-file:`');
  }
}

/** Beside the attempt's directory, so that nothing that lists, reads or archives that comes by it. The worker's own: the account of the job can read its files and change no names. */
function makeFolder({ attempt, account }: StagingContext): void {
  mkdirSync(secretsFolderOf(attempt.directory), { mode: account === null ? 0o700 : 0o711 });
  attempt.facts = { ...attempt.facts, hasSecretFiles: true };
}

function writeSecret({ attempt, account }: StagingContext, use: Use, content: Uint8Array): string {
  if (content.length > MOST_FILE_BYTES) throw failure('SECRET_UNFIT', use, `the secret has more than 1 MiB`);
  const path = join(secretsFolderOf(attempt.directory), use.reference.name);
  writeFileSync(path, content, { mode: 0o600 });
  if (account !== null) chownSync(path, account.uid, account.gid);
  return path;
}

/** Removes the files with secrets of an attempt. What it cannot remove now goes with the next sweep of the job folders. */
export function removeSecrets(directory: string): void {
  try {
    rmSync(secretsFolderOf(directory), { recursive: true, force: true });
  } catch (error) {
    if (errnoOf(error) === null) throw error;
  }
}

/** Names the reference and who made it, never what is behind it. */
function failure(reason: string, use: Use, why: string, infrastructure = false): StagingFailure {
  const text = `The variable ${use.variable} of ${use.owner} is \`${use.value}\`, but ${why}.`;
  return new StagingFailure(reason, text, infrastructure);
}
