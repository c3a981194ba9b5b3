/** JSON Schema (draft 7) of a TypeScript interface, with its doc comments as descriptions. For plain data: every number is an integer. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** A schema, as JSON. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The schema of the interface `name` in a source file. Throws for what JSON Schema does not have. */
export function schemaOfInterface(file: string, name: string): JsonSchema {
  const program = ts.createProgram([file], {
    ...{
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    },
    ...{ strict: true, exactOptionalPropertyTypes: true, types: [], noEmit: true },
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const declaration = source?.statements.find((each) => ts.isInterfaceDeclaration(each) && each.name.text === name);
  if (declaration === undefined) throw new Error(`${file} has no interface ${name}`);
  return objectSchema(checker, checker.getTypeAtLocation(declaration));
}

/** Top folder of the sources, also when the compiled code runs from `dist`. */
export function sourceRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (ts.sys.fileExists(`${folder}/package.json`) === false) folder = dirname(folder);
  return folder;
}

function objectSchema(checker: ts.TypeChecker, type: ts.Type): JsonSchema {
  const properties = type.getProperties();
  return {
    type: 'object',
    required: properties.filter((property) => !isOptional(property)).map((property) => property.name),
    properties: Object.fromEntries(
      properties.map((property) => [property.name, propertySchema(checker, property)] as const),
    ),
  };
}

function isOptional(property: ts.Symbol): boolean {
  return (property.flags & ts.SymbolFlags.Optional) !== 0;
}

function propertySchema(checker: ts.TypeChecker, property: ts.Symbol): JsonSchema {
  const comment = ts.displayPartsToString(property.getDocumentationComment(checker)).replaceAll('\n', ' ');
  const type = checker.getTypeOfSymbol(property);
  const schema = typeSchema(checker, isOptional(property) ? checker.getNonNullableType(type) : type);
  return comment === '' ? schema : { description: comment, ...schema };
}

function typeSchema(checker: ts.TypeChecker, type: ts.Type): JsonSchema {
  if (type.isUnion()) return unionSchema(checker, type.types);
  if ((type.flags & ts.TypeFlags.String) !== 0) return { type: 'string' };
  if ((type.flags & ts.TypeFlags.Number) !== 0) return { type: 'integer' };
  if (checker.isArrayType(type)) {
    const [item] = checker.getTypeArguments(type as ts.TypeReference);
    if (item !== undefined) return { type: 'array', items: typeSchema(checker, item) };
  }
  if ((type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0) return objectSchema(checker, type);
  throw new Error(`JSON Schema has nothing for ${checker.typeToString(type)}`);
}

/** Literals, or one type, each with or without null. */
function unionSchema(checker: ts.TypeChecker, types: readonly ts.Type[]): JsonSchema {
  const given = types.filter((type) => (type.flags & ts.TypeFlags.Null) === 0);
  const nullable = given.length < types.length;
  const literals = given.flatMap((type) => (type.isStringLiteral() ? [type.value] : []));
  if (literals.length === given.length) {
    return nullable ? { type: ['string', 'null'], enum: [...literals, null] } : { type: 'string', enum: literals };
  }
  const [only] = given;
  if (given.length !== 1 || only === undefined) throw new Error('a union of several types');
  const schema = typeSchema(checker, only);
  return nullable ? { ...schema, type: [schema['type'], 'null'] } : schema;
}
