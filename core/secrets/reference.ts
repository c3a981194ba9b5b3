/** References to secrets: values of environment variables that say which secret a worker puts in their place. */

/** What a reference asks for. */
export interface SecretReference {
  /** `variable`: the secret is the value; `file`: the value is the path of a file that holds the secret. */
  readonly kind: 'variable' | 'file';
  /** Name of the secret: letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 255 characters. */
  readonly name: string;
}

const REFERENCE = /^secret(-file)?:(.*)$/s;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
/** A word of a program's arguments that was meant as a reference, alone or behind `--option=`. */
const IN_ARGUMENT = /(?:^|=)secret(?:-file)?:[A-Za-z0-9]/;
/** The same in shell text, where quotes and blanks begin words too. */
const IN_SHELL = /(?:^|[\s='"])secret(?:-file)?:[A-Za-z0-9]/;

/** Whether a text can be the name of a secret. */
export function isSecretName(text: string): boolean {
  return NAME.test(text);
}

/** The reference that a value is; `null` when it is a value like any other. */
export function secretReference(value: string): SecretReference | null {
  const [found, file, name = ''] = REFERENCE.exec(value) ?? [];
  if (found === undefined || !isSecretName(name)) return null;
  return { kind: file === undefined ? 'variable' : 'file', name };
}

/** What is wrong with a value that begins like a reference; `null`: nothing. */
export function referenceProblem(value: string): string | null {
  if (!REFERENCE.test(value) || secretReference(value) !== null) return null;
  return 'refers to a secret without a name; write `secret:NAME` or `secret-file:NAME`, with letters, digits, `.`, `_` and `-` as the name';
}

/** What is wrong with an argument that was meant as a reference: everybody on the machine can read arguments. `null`: it was not. */
export function argumentSecretProblem(argument: string): string | null {
  return IN_ARGUMENT.test(argument) ? NO_ARGUMENT : null;
}

/** The same for shell text. */
export function shellSecretProblem(text: string): string | null {
  return IN_SHELL.test(text) ? NO_ARGUMENT : null;
}

const NO_ARGUMENT =
  'refers to a secret, but everybody on the machine can see arguments; set an environment variable to `secret:NAME` instead';
