/**
 * Configuration: one YAML file, then `MARID_` environment variables, then flags, each overriding the one before, checked whole against
 * the schemas of the sections. All problems are reported at once, each with its key and where its value came from.
 */
import { LineCounter, parse, parseDocument } from 'yaml';
import type { z } from 'zod';
import { invalidArgument, type FieldViolation } from '../../core/errors/marid-error.js';
import { nearest } from './nearest.js';
import { MASK, maskUrls, secretsInUrls } from './redact.js';
import { readSecretFiles } from './secret-files.js';

/** Schema of a section: keys with their types, defaults and descriptions. */
export type ConfigSection = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

/** Schema of each section, by the section's name in the file. */
export type ConfigSchemas = Readonly<Record<string, ConfigSection>>;

/** Where values come from. */
export interface ConfigSource {
  /** Path and text of the file; `null`: none. */
  readonly file: { readonly path: string; readonly text: string } | null;
  /** The process's environment; only names that start with `MARID_` are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of flags by `section.key`; undefined ones are passed over. Default: none. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Text of a file that holds a secret; throws when it cannot be read. Default: there are none. */
  readonly readSecret?: (path: string) => string;
}

/** One value with its origin, for `marid config explain`. */
export interface ExplainedValue {
  /** `section.key`. */
  readonly key: string;
  /** Without secrets. */
  readonly value: unknown;
  /** `default`, `file PATH`, `environment NAME`, `flag` or `secret file PATH`. */
  readonly origin: string;
  /** What the key means. */
  readonly description: string;
}

/** The whole configuration, checked. */
export interface ResolvedConfig<S extends ConfigSchemas> {
  readonly sections: { readonly [K in keyof S]: z.output<S[K]> };
  readonly values: readonly ExplainedValue[];
  /** Every secret in it, so that whoever prints something can take them out. */
  readonly secrets: readonly string[];
}

/** A rule between sections: what does not hold. `given` tells the keys (`section.key`) that somebody has set. */
export type SectionRule<S extends ConfigSchemas> = (
  sections: ResolvedConfig<S>['sections'],
  given: ReadonlySet<string>,
) => readonly FieldViolation[];

/** Variables that belong to the command line, not to a section. */
const OTHER_VARIABLES = new Set(['MARID_ADDRESS', 'MARID_PROFILE', 'MARID_CONFIG']);

/** A value that somebody has set. */
export interface Given {
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Merges and checks. Throws `INVALID_ARGUMENT` with one violation for each problem: unknown sections, keys and variables, values of the wrong
 * type or out of range, a broken file with line and column. A key `x` whose section also has `xFile` may be given as a file that holds it.
 */
export function resolveConfig<S extends ConfigSchemas>(
  schemas: S,
  source: ConfigSource,
  rule: SectionRule<S> = () => [],
): ResolvedConfig<S> {
  const problems: FieldViolation[] = [];
  const given = new Map<string, Given>();
  readFile(schemas, source.file, given, problems);
  readEnvironment(schemas, source.environment, given, problems);
  for (const [key, value] of Object.entries(source.flags ?? {})) {
    if (value !== undefined) given.set(key, { value, origin: 'flag' });
  }
  readSecretFiles(schemas, given, source.readSecret, problems);
  const sections = Object.entries(schemas).map(([name, schema]): [string, unknown] => [
    name,
    checkSection(name, schema, given, problems),
  ]);
  if (problems.length > 0) throw invalidArgument(problems);
  const resolved = decodeSections<S>(sections);
  const broken = rule(resolved, new Set(given.keys()));
  if (broken.length > 0) throw invalidArgument(broken);
  return { sections: resolved, values: explain(schemas, resolved, given), secrets: secretsOf(schemas, resolved) };
}

/** Name of the environment variable of a key: `controlPlane.dataFolder` is `MARID_CONTROL_PLANE_DATA_FOLDER`. */
export function variableOf(section: string, key: string): string {
  const snake = (text: string): string => text.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return `MARID_${snake(section)}_${snake(key)}`;
}

function readFile(
  schemas: ConfigSchemas,
  file: ConfigSource['file'],
  given: Map<string, Given>,
  problems: FieldViolation[],
): void {
  if (file === null) return;
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const place = lines.linePos(error.pos[0]);
    problems.push({ field: `${file.path}:${place.line}:${place.col}`, description: error.message });
  }
  if (document.errors.length > 0) return;
  const content: unknown = document.toJS() ?? {};
  if (!isRecord(content)) {
    problems.push({ field: file.path, description: 'must be a mapping of sections' });
    return;
  }
  for (const [section, values] of Object.entries(content)) {
    const schema = schemas[section];
    if (schema === undefined) {
      problems.push({ field: section, description: `unknown section${nearest(section, Object.keys(schemas))}` });
    } else if (!isRecord(values)) {
      problems.push({ field: section, description: 'must be a mapping of keys' });
    } else {
      for (const [key, value] of Object.entries(values)) {
        if (key in schema.shape) given.set(`${section}.${key}`, { value, origin: `file ${file.path}` });
        else
          problems.push({
            field: `${section}.${key}`,
            description: `unknown key${nearest(key, Object.keys(schema.shape))}`,
          });
      }
    }
  }
}

function readEnvironment(
  schemas: ConfigSchemas,
  environment: ConfigSource['environment'],
  given: Map<string, Given>,
  problems: FieldViolation[],
): void {
  const keys = new Map(
    Object.entries(schemas).flatMap(([section, schema]) =>
      Object.keys(schema.shape).map((key) => [variableOf(section, key), { section, key, schema }] as const),
    ),
  );
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('MARID_') || name.startsWith('MARID_TEST_') || OTHER_VARIABLES.has(name)) continue;
    const target = keys.get(name);
    if (target === undefined) {
      problems.push({ field: name, description: `unknown variable${nearest(name, [...keys.keys()])}` });
    } else if (text !== undefined) {
      const field = target.schema.shape[target.key];
      given.set(`${target.section}.${target.key}`, { value: fromText(field, text), origin: `environment ${name}` });
    }
  }
}

/** The text itself where the key takes text, else what the text says as YAML (numbers, lists). */
function fromText(field: z.ZodType | undefined, text: string): unknown {
  if (field?.safeParse(text).success === true) return text;
  try {
    return parse(text);
  } catch {
    return text; // the schema's complaint names the key and what it takes
  }
}

function checkSection(
  section: string,
  schema: ConfigSection,
  given: ReadonlyMap<string, Given>,
  problems: FieldViolation[],
): unknown {
  const input: Record<string, unknown> = {};
  for (const key of Object.keys(schema.shape)) {
    const found = given.get(`${section}.${key}`);
    if (found !== undefined) input[key] = found.value;
  }
  const result = schema.safeParse(input);
  if (result.success) return Object.freeze(result.data);
  for (const issue of result.error.issues) {
    const key = [section, ...issue.path].join('.');
    const origin = given.get(`${section}.${String(issue.path[0])}`)?.origin ?? 'default';
    problems.push({ field: key, description: `${issue.message} (${origin})` });
  }
  return {};
}

function explain(
  schemas: ConfigSchemas,
  sections: Readonly<Record<string, unknown>>,
  given: ReadonlyMap<string, Given>,
): readonly ExplainedValue[] {
  return Object.entries(schemas).flatMap(([section, schema]) =>
    Object.entries(schema.shape).map(([key, field]) => {
      const values = sections[section];
      return {
        key: `${section}.${key}`,
        value: isRecord(values) ? masked(field, values[key]) : undefined,
        origin: given.get(`${section}.${key}`)?.origin ?? 'default',
        description: field.description ?? '',
      };
    }),
  );
}

function isSecret(field: z.ZodType): boolean {
  return field.meta()?.['secret'] === true;
}

function masked(field: z.ZodType, value: unknown): unknown {
  return isSecret(field) && value !== null ? MASK : maskUrls(value);
}

function secretsOf(schemas: ConfigSchemas, sections: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(schemas).flatMap(([section, schema]) => {
    const values = sections[section];
    if (!isRecord(values)) return [];
    return Object.entries(schema.shape).flatMap(([key, field]) =>
      isSecret(field) && typeof values[key] === 'string' ? [values[key]] : secretsInUrls(values[key]),
    );
  });
}

/** The sections were just checked by their schemas. */
function decodeSections<S extends ConfigSchemas>(sections: [string, unknown][]): ResolvedConfig<S>['sections'] {
  return Object.freeze(Object.fromEntries(sections)) as ResolvedConfig<S>['sections'];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
