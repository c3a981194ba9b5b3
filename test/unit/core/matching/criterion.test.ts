import { describe, expect, test } from '@jest/globals';
import { mergeCriteria, normaliseCriterion, reservedTag } from '../../../../core/matching/criterion.js';
import { makeCriterion } from '../../../support/job-fixtures.js';

describe('mergeCriteria', () => {
  test('unites tags and takes each scalar from where it is given', () => {
    const outer = makeCriterion({ name: 'prod', status: 'UP', tags: ['a', 'b'] });
    const inner = makeCriterion({ version: '2', name: 'prod', tags: ['b', 'c'] });
    expect(mergeCriteria(outer, inner)).toEqual({
      id: null,
      name: 'prod',
      version: '2',
      status: 'UP',
      tags: ['a', 'b', 'c'],
    });
  });

  test.each(['id', 'name', 'version', 'status'] as const)('is nothing when both give another %s', (part) => {
    expect(mergeCriteria(makeCriterion({ [part]: 'x' }), makeCriterion({ [part]: 'y' }))).toBeNull();
  });

  test('sees conflicts with tags that stand for id and name', () => {
    const tagged = makeCriterion({ tags: ['marid.id:x'] });
    expect(mergeCriteria(makeCriterion({ id: 'y' }), tagged)).toBeNull();
    expect(mergeCriteria(makeCriterion({ id: 'x' }), tagged)).toEqual(makeCriterion({ id: 'x' }));
  });
});

describe('normaliseCriterion', () => {
  test('reads reserved tags, drops repeated ones, and takes empty text as absent', () => {
    const tags = ['a', 'marid.id:x', 'genie.name:n:1', 'a'];
    expect(normaliseCriterion(makeCriterion({ name: '', version: '', tags }))).toEqual(
      makeCriterion({ id: 'x', name: 'n:1', tags: ['a'] }),
    );
  });

  test('is nothing when the criterion asks for two ids', () => {
    expect(normaliseCriterion(makeCriterion({ tags: ['marid.id:x', 'genie.id:y'] }))).toBeNull();
  });
});

describe('reservedTag', () => {
  test('does not take a prefix without a value for "any"', () => {
    expect(reservedTag('marid.id:')).toBeNull();
    expect(reservedTag('xmarid.id:a')).toBeNull();
    expect(reservedTag('genie.name:a b')).toEqual({ part: 'name', value: 'a b' });
  });
});
