/**
 * From a document to a message of the API. More generous than proto3's JSON mapping where people write by hand: field names in camelCase or
 * snake_case, statuses without prefix, lengths of time like `5m`, unquoted versions; but every unknown field is refused.
 */
import {
  fromJson,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageShape,
} from '@bufbuild/protobuf';
import { errorText } from '../../core/errors/system-error.js';
import type { FieldViolation } from '../../core/errors/marid-error.js';
import { nearest } from '../../infra/runtime/nearest.js';
import { durationToMs } from '../parse/duration.js';
import type { SourceDocument, ValuePath } from './documents.js';

/** Messages whose JSON form is free or a single text. */
const FREE = new Set(['google.protobuf.Struct', 'google.protobuf.Value', 'google.protobuf.Timestamp']);

/** Where a value is, and where its problems go. */
interface Reading {
  readonly document: SourceDocument;
  readonly problems: FieldViolation[];
}

/** Reads the fields of a document but those in `except`. Problems are added to `problems`, and then the answer is `null`. */
export function readMessage<D extends DescMessage>(
  schema: D,
  document: SourceDocument,
  options: { readonly except: readonly string[]; readonly problems: FieldViolation[] },
): MessageShape<D> | null {
  const reading: Reading = { document, problems: [] };
  const json = readFields(schema, document.value, [], reading, options.except);
  options.problems.push(...reading.problems);
  if (reading.problems.length > 0) return null;
  try {
    return fromJson(schema, json);
  } catch (error) {
    options.problems.push(document.problem([], errorText(error)));
    return null;
  }
}

function readFields(
  schema: DescMessage,
  value: unknown,
  path: ValuePath,
  reading: Reading,
  except: readonly string[] = [],
): JsonValue {
  if (!isRecord(value)) {
    reading.problems.push(reading.document.problem(path, `${schema.name} must be a mapping of fields`));
    return {};
  }
  const json: { [key: string]: JsonValue } = {};
  for (const [key, entry] of Object.entries(value)) {
    if (except.includes(key) || entry === null) continue;
    const field = schema.fields.find(({ jsonName, name }) => key === jsonName || key === name);
    if (field === undefined) {
      const names = [...except, ...schema.fields.map(({ jsonName }) => jsonName)];
      const hint = nearest(key, names);
      reading.problems.push(
        reading.document.problem([...path, key], `unknown field "${key}" in ${schema.name}${hint}`),
      );
    } else if (field.jsonName in json) {
      reading.problems.push(reading.document.problem([...path, key], `"${field.jsonName}" is given twice`));
    } else {
      json[field.jsonName] = readField(field, entry, [...path, key], reading);
    }
  }
  return json;
}

function readField(field: DescField, value: unknown, path: ValuePath, reading: Reading): JsonValue {
  switch (field.fieldKind) {
    case 'scalar':
      return readScalar(field.scalar, value, path, reading);
    case 'enum':
      return readEnum(field.enum, value, path, reading);
    case 'message':
      return readSubMessage(field.message, value, path, reading);
    case 'list':
      return readList(field, value, path, reading);
    case 'map':
      return readMap(field, value, path, reading);
    default:
      return field satisfies never;
  }
}

function readList(
  field: DescField & { fieldKind: 'list' },
  value: unknown,
  path: ValuePath,
  reading: Reading,
): JsonValue {
  if (!Array.isArray(value)) {
    reading.problems.push(reading.document.problem(path, 'must be a list'));
    return [];
  }
  return value.map((item: unknown, index) => {
    const at = [...path, index];
    if (field.listKind === 'message') return readSubMessage(field.message, item, at, reading);
    if (field.listKind === 'enum') return readEnum(field.enum, item, at, reading);
    return readScalar(field.scalar, item, at, reading);
  });
}

function readMap(
  field: DescField & { fieldKind: 'map' },
  value: unknown,
  path: ValuePath,
  reading: Reading,
): JsonValue {
  if (!isRecord(value)) {
    reading.problems.push(reading.document.problem(path, 'must be a mapping'));
    return {};
  }
  const entries = Object.entries(value).map(([key, entry]) => {
    const scalar = field.mapKind === 'scalar' ? field.scalar : ScalarType.STRING;
    return [key, readScalar(scalar, entry, [...path, key], reading)] as const;
  });
  return Object.fromEntries(entries);
}

function readSubMessage(schema: DescMessage, value: unknown, path: ValuePath, reading: Reading): JsonValue {
  if (FREE.has(schema.typeName)) return decodeJson(value);
  if (schema.typeName !== 'google.protobuf.Duration') return readFields(schema, value, path, reading);
  const ms = typeof value === 'string' ? durationToMs(value) : null;
  if (ms === null)
    reading.problems.push(reading.document.problem(path, 'write a length of time: 30s, 5m, 1h30m or 2d'));
  return `${(ms ?? 0) / 1000}s`;
}

function readEnum(schema: DescEnum, value: unknown, path: ValuePath, reading: Reading): JsonValue {
  const text = typeof value === 'string' ? value.toUpperCase() : '';
  const prefix = (schema.sharedPrefix ?? '').toUpperCase();
  const found = schema.values.find(({ name }) => name === text || name === prefix + text);
  if (found !== undefined) return found.name;
  const names = schema.values.filter(({ number }) => number !== 0).map(({ name }) => name.slice(prefix.length));
  reading.problems.push(reading.document.problem(path, `must be one of ${names.join(', ')}`));
  return 0;
}

/** A scalar; where a text is wanted, an unquoted number or `true` is the text as written (`3.10`, not 3.1). */
function readScalar(type: ScalarType, value: unknown, path: ValuePath, reading: Reading): JsonValue {
  const wantsText = type === ScalarType.STRING;
  if (wantsText && (typeof value === 'number' || typeof value === 'boolean')) {
    const source = reading.document.sourceOf(path);
    if (source !== null) return source;
  }
  const wanted = wantsText ? 'string' : type === ScalarType.BOOL ? 'boolean' : 'number';
  if (typeof value === wanted) return decodeJson(value);
  const words = { string: 'a text', boolean: 'true or false', number: 'a number' } as const;
  reading.problems.push(reading.document.problem(path, `must be ${words[wanted]}`));
  return '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What YAML's core schema makes is JSON already, but for integers beyond 2^53. */
function decodeJson(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (Array.isArray(value)) return value.map(decodeJson);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, decodeJson(entry)]));
  return typeof value === 'bigint' ? value.toString() : null;
}
