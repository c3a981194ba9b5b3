import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { isMaridError } from '../../../../core/errors/marid-error.js';
import { resolveConfig, variableOf, type ConfigSource } from '../../../../infra/runtime/config.js';

const schemas = {
  controlPlane: z.strictObject({
    listen: z.string().default('127.0.0.1:7070').describe('Where it listens.'),
    partitions: z.number().int().min(1).default(8).describe('Partitions.'),
    pools: z.array(z.string()).default(['default']).describe('Pools.'),
  }),
};

function resolve(
  text: string | null,
  environment: ConfigSource['environment'] = {},
  flags: ConfigSource['flags'] = {},
) {
  return resolveConfig(schemas, { file: text === null ? null : { path: 'marid.yaml', text }, environment, flags });
}

function violationsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (isMaridError(error)) return error.violations.map((each) => `${each.field}: ${each.description}`);
    throw error;
  }
  throw new Error('it was accepted');
}

describe('resolveConfig', () => {
  test('flags override the environment, which overrides the file, which overrides defaults', () => {
    const text = 'controlPlane: {listen: "a:1", partitions: 2}';
    const { sections, values } = resolve(
      text,
      { MARID_CONTROL_PLANE_LISTEN: 'b:2', MARID_CONTROL_PLANE_POOLS: '[x, y]' },
      { 'controlPlane.listen': 'c:3' },
    );
    expect(sections.controlPlane).toEqual({ listen: 'c:3', partitions: 2, pools: ['x', 'y'] });
    expect(values.map((value) => value.origin)).toEqual([
      'flag',
      'file marid.yaml',
      'environment MARID_CONTROL_PLANE_POOLS',
    ]);
  });

  test('keeps text that looks like a number where the key takes text', () => {
    expect(resolve(null, { MARID_CONTROL_PLANE_LISTEN: '7070' }).sections.controlPlane.listen).toBe('7070');
  });

  test('reports every problem at once, with the key and the origin', () => {
    const text = 'controlPlane: {partitions: none, listn: x}\nworkr: {}';
    const violations = violationsOf(() => resolve(text, { MARID_CONTROL_PLANE_POOL: 'x', MARID_TEST_KAFKA_URL: 'y' }));
    expect(violations).toEqual([
      expect.stringContaining('controlPlane.listn: unknown key, did you mean "listen"?'),
      expect.stringContaining('workr: unknown section'),
      expect.stringContaining('MARID_CONTROL_PLANE_POOL: unknown variable, did you mean "MARID_CONTROL_PLANE_POOLS"?'),
      expect.stringMatching(/controlPlane\.partitions: .*\(file marid\.yaml\)/),
    ]);
  });

  test('names the line and column of broken YAML', () => {
    expect(violationsOf(() => resolve('controlPlane:\n  listen: [a'))[0]).toMatch(/^marid\.yaml:2:\d+: /);
  });

  test('gives a frozen result', () => {
    expect(Object.isFrozen(resolve(null).sections.controlPlane)).toBe(true);
  });
});

describe('variableOf', () => {
  test('writes camel case as snake case', () => {
    expect(variableOf('controlPlane', 'dataFolder')).toBe('MARID_CONTROL_PLANE_DATA_FOLDER');
  });
});
