/**
 * Functions of the C library, called through the binary of koffi, which comes prebuilt for glibc and musl. The package `koffi` around it adds sources, a script that runs at installation
 * and names of old versions, so only the binary's own package is used.
 */
import { createRequire } from 'node:module';

/** The package with the binary for this machine; an optional dependency. */
export const BINARY_PACKAGE = `@koromix/koffi-${process.platform}-${process.arch}`;

/** Machines for which sizes, offsets and constants are known: 64 bits, Linux. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

/** A function of C whose result is an `int`. Strings become UTF-8 that ends with NUL; buffers are passed by address; lists of strings must end with `null`. */
export type NativeFunction = (...parameters: readonly unknown[]) => number;

/** The C library of this process. */
export interface Libc {
  /** The function with this declaration; throws when the library has none. */
  readonly function: (declaration: string) => NativeFunction;
}

/** Opens the C library. Throws when the binary is not installed or does not fit the machine. */
export function openLibc(): Libc {
  if (process.platform !== 'linux' || !ARCHITECTURES.includes(process.arch)) throw new Error('unknown machine');
  const library = decodeKoffi(createRequire(import.meta.url)(BINARY_PACKAGE)).load(null);
  return { function: (declaration) => library.func(declaration) };
}

interface Koffi {
  readonly load: (path: string | null) => { readonly func: (declaration: string) => NativeFunction };
}

function decodeKoffi(value: unknown): Koffi {
  const known = typeof value === 'object' && value !== null && 'load' in value && typeof value.load === 'function';
  if (!known) throw new Error('koffi has another form');
  return value as Koffi;
}
