import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FieldViolation } from '../../../../core/errors/marid-error.js';
import type { JobRequest } from '../../../../core/job/job.js';
import type { Json } from '../../../../core/registry/resource.js';
import { validateJobRequest } from '../../../../core/validation/job-request.js';
import { LIMITS } from '../../../../core/validation/limits.js';
import { makeCriterion, makeRequest } from '../../../support/job-fixtures.js';

function violationsOf(overrides: Partial<JobRequest>): readonly FieldViolation[] {
  return validateJobRequest(makeRequest(overrides), 'job');
}

function fieldsOf(overrides: Partial<JobRequest>): readonly string[] {
  return violationsOf(overrides).map(({ field }) => field);
}

const KIB = 'x'.repeat(1024);

describe('validateJobRequest', () => {
  test('accepts a plain request, and one with every optional part absent', () => {
    expect(violationsOf({})).toEqual([]);
    expect(violationsOf({ name: '', version: '', pool: '', arguments: [], tags: [] })).toEqual([]);
  });

  test('limits have to be such that a program can start, and are named one by one', () => {
    const least = { cpuTimeMs: 1000, openFiles: 16, processes: 1, fileMb: 1, folderMb: 1, folderFiles: 1 };
    expect(violationsOf({ limits: least })).toEqual([]);
    const below = { cpuTimeMs: 999, openFiles: 15, processes: -1, fileMb: 0.5, folderMb: 2 ** 31, folderFiles: -5 };
    const names = ['cpu_time', 'open_files', 'processes', 'file_mb', 'folder_mb', 'folder_files'];
    expect(fieldsOf({ limits: below })).toEqual(names.map((name) => `job.limits.${name}`));
  });

  test('accepts every part at its limit', () => {
    const label = '😀'.repeat(LIMITS.nameCharacters);
    const atLimit: Partial<JobRequest> = {
      name: label,
      user: label,
      version: label,
      grouping: label,
      groupingInstance: label,
      group: label,
      description: `a\n${'x'.repeat(998)}`,
      metadata: { k: 'x'.repeat(16 * 1024 - 8) },
      tags: Array.from({ length: 100 }, () => 'y'.repeat(255)),
      arguments: Array.from({ length: 16 }, () => KIB.repeat(64)),
      rawArguments: 'x'.repeat(10_000),
      environment: { _a1: KIB.repeat(32), PATH: '/bin', EMPTY: '', MARID_GENIE_: 'x' },
      memoryMb: LIMITS.memoryMb,
      timeoutMs: 1000,
      maxAttempts: 100,
    };
    expect(violationsOf(atLimit)).toEqual([]);
  });

  test('tells all violations at once, by proto field name', () => {
    const violations = violationsOf({
      user: ' ',
      name: 'a\u0007b',
      clusterCriteria: [makeCriterion({ tags: ['ok', 'bad\ntag', ''] }), makeCriterion({ status: 'ACTIVE' })],
      commandCriterion: makeCriterion({ id: 'a/b', status: 'UP' }),
      applicationIds: ['spark', 'spark', '../x'],
      setupFile: 'setup.sh',
      configs: ['file:///ok', 'nope'],
      timeoutMs: 999,
      memoryMb: -1,
      maxAttempts: 101,
      pool: 'a b',
      email: 'nobody',
      groupingInstance: 'x'.repeat(256),
    });
    expect(violations.map(({ field }) => field).sort()).toEqual([
      'job.application_ids[1]',
      'job.application_ids[2]',
      'job.cluster_criteria[0].tags[1]',
      'job.cluster_criteria[0].tags[2]',
      'job.cluster_criteria[1].status',
      'job.command_criterion.id',
      'job.command_criterion.status',
      'job.configs[1]',
      'job.email',
      'job.grouping_instance',
      'job.max_attempts',
      'job.memory_mb',
      'job.name',
      'job.pool',
      'job.setup_file',
      'job.timeout',
      'job.user',
    ]);
    const status = violations.find(({ field }) => field === 'job.cluster_criteria[1].status');
    expect(status?.description).toBe('is "ACTIVE"; a cluster has one of UP, OUT_OF_SERVICE, TERMINATED');
  });

  test.each<[string, Partial<JobRequest>, string]>([
    ['no cluster criterion', { clusterCriteria: [] }, 'job.cluster_criteria'],
    [
      'too many cluster criteria',
      { clusterCriteria: Array(33).fill(makeCriterion({ id: 'a' })) },
      'job.cluster_criteria',
    ],
    ['an empty cluster criterion', { clusterCriteria: [makeCriterion()] }, 'job.cluster_criteria[0]'],
    ['an empty command criterion', { commandCriterion: makeCriterion() }, 'job.command_criterion'],
    ['arguments over 1 MiB in bytes', { arguments: Array(17).fill('é'.repeat(32 * 1024)) }, 'job.arguments'],
    ['an argument that Linux cannot pass', { arguments: ['x'.repeat(128 * 1024)] }, 'job.arguments[0]'],
    ['a NUL in an argument', { arguments: ['a', 'b\0'] }, 'job.arguments[1]'],
    ['too many arguments', { arguments: Array(50_001).fill('') }, 'job.arguments'],
    ['raw arguments that are too long', { rawArguments: 'x'.repeat(10_001) }, 'job.raw_arguments'],
    ['a NUL in raw arguments', { rawArguments: 'a\0' }, 'job.raw_arguments'],
    ['a NUL in the environment', { environment: { A: '\0' } }, 'job.environment["A"]'],
    ['a value over 32 KiB', { environment: { A: `${KIB.repeat(32)}x` } }, 'job.environment["A"]'],
    ['a variable of Genie', { environment: { GENIE_JOB_ID: 'x' } }, 'job.environment["GENIE_JOB_ID"]'],
    ['an internal variable', { environment: { __GENIE_X: 'x' } }, 'job.environment["__GENIE_X"]'],
    ['a variable that bash does not assign', { environment: { UID: '0' } }, 'job.environment["UID"]'],
    ['a name that is none', { environment: { 'A$(x)': 'x' } }, 'job.environment["A$(x)"]'],
    ['a name that starts with a digit', { environment: { '1A': 'x' } }, 'job.environment["1A"]'],
    ['no name', { environment: { '': 'x' } }, 'job.environment[""]'],
    ['metadata over 16 KiB', { metadata: { k: 'x'.repeat(16 * 1024) } }, 'job.metadata'],
    ['too many tags', { tags: Array(101).fill('a') }, 'job.tags'],
    ['a long tag', { tags: ['a', 'x'.repeat(256)] }, 'job.tags[1]'],
    ['a line separator in a tag', { tags: ['a\u2028'] }, 'job.tags[0]'],
    ['a long description', { description: 'x'.repeat(1001) }, 'job.description'],
    ['a negative timeout', { timeoutMs: -1 }, 'job.timeout'],
    ['no attempts', { maxAttempts: 0 }, 'job.max_attempts'],
    ['half a MiB', { memoryMb: 1.5 }, 'job.memory_mb'],
    ['more memory than any machine has', { memoryMb: LIMITS.memoryMb + 1 }, 'job.memory_mb'],
    ['a secret in the arguments', { arguments: ['-v', '--password=secret:db'] }, 'job.arguments[1]'],
    ['a secret in shell text', { rawArguments: '-p "secret:db"' }, 'job.raw_arguments'],
    ['a secret without a name', { environment: { A: 'secret:../x' } }, 'job.environment["A"]'],
    ['a dependency that is no URI', { dependencies: ['x.jar'] }, 'job.dependencies[0]'],
  ])('refuses %s', (_, overrides, field) => {
    expect(fieldsOf(overrides)).toEqual([field]);
  });

  test('bounds the environment as a whole', () => {
    const some = Array.from({ length: 9 }, (_, index) => [`V${index}`, KIB.repeat(32)]);
    expect(fieldsOf({ environment: Object.fromEntries(some) as Record<string, string> })).toEqual(['job.environment']);
    const many = Array.from({ length: 1001 }, (_, index) => [`V${index}`, '']);
    expect(fieldsOf({ environment: Object.fromEntries(many) as Record<string, string> })).toEqual(['job.environment']);
  });

  test('takes tags that stand for id and name as such, whose prefix is not counted', () => {
    const tags = [`marid.id:${'x'.repeat(255)}`, `genie.name:${'y'.repeat(255)}`];
    expect(fieldsOf({ commandCriterion: makeCriterion({ tags }) })).toEqual([]);
    expect(fieldsOf({ commandCriterion: makeCriterion({ tags: ['marid.id:a/b'] }) })).toEqual([
      'job.command_criterion.tags[0]',
    ]);
  });

  test('refuses metadata that is nested too deeply instead of throwing', () => {
    let deep: Json = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(fieldsOf({ metadata: { deep } })).toEqual(['job.metadata']);
  });

  test('tells at most 100 violations of a hopeless request', () => {
    expect(violationsOf({ arguments: Array(50_000).fill('\0') })).toHaveLength(100);
  });

  test('never throws, and never shows control characters', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const number = fc.option(fc.double());
    const criterion = fc.record({
      id: fc.option(text),
      name: fc.option(text),
      version: fc.option(text),
      status: fc.option(text),
      tags: fc.array(text, { maxLength: 4 }),
    });
    const request = fc.record<Partial<JobRequest>>({
      name: text,
      user: text,
      email: text,
      pool: text,
      tags: fc.array(text, { maxLength: 4 }),
      configs: fc.array(text, { maxLength: 4 }),
      setupFile: fc.option(text),
      clusterCriteria: fc.array(criterion, { maxLength: 3 }),
      commandCriterion: criterion,
      applicationIds: fc.array(text, { maxLength: 3 }),
      arguments: fc.array(text, { maxLength: 3 }),
      environment: fc.dictionary(text, text, { maxKeys: 3 }),
      memoryMb: number,
      timeoutMs: number,
      maxAttempts: number,
    });
    fc.assert(
      fc.property(request, (overrides) => {
        const shown = violationsOf(overrides).map(({ field, description }) => `${field} ${description}`);
        expect(shown.filter((line) => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(line))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
