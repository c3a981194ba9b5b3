import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fileNameOf, isFileName } from '../../../../../workers/gateway/staging/file-name.js';
import { planFiles } from '../../../../../workers/gateway/staging/file-plan.js';
import { specificationWith } from '../specification.js';

describe('fileNameOf', () => {
  test.each([
    ['file:///a/b.txt', 'b.txt'],
    ['file:///a/caf%C3%A9%20x', 'café x'],
    ['s3://bucket/key/name.jar?versionId=7', 'name.jar'],
    ['https://host/a/b.tar.gz#part', 'b.tar.gz'],
  ])('%s is named %s', (uri, name) => {
    expect(fileNameOf(uri)).toBe(name);
  });

  test.each([
    'file:///a/',
    'file:///a/%2e%2e',
    'file:///a/b%2Fc',
    'file:///a/b%00c',
    'file:///a/%ff',
    'https://host',
    'x',
  ])('%s has no name that a file can have', (uri) => {
    expect(() => fileNameOf(uri)).toThrow(expect.objectContaining({ reason: 'INVALID_URI', infrastructure: false }));
  });

  test('whatever the URI, the name is one plain name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webPath(), fc.string(), fc.string().map(encodeURIComponent)), (path) => {
        let name = 'refused';
        try {
          name = fileNameOf(`file:///${path}`);
        } catch {
          // Refused: as good.
        }
        expect(isFileName(name) && !name.includes('/') && name !== '..').toBe(true);
      }),
    );
  });
});

describe('planFiles', () => {
  test("lays files out as Genie does, and sources cluster's, applications', command's and job's setup in this order", () => {
    const files = (of: string) => ({
      configs: [`file:///${of}/conf`],
      dependencies: [`file:///${of}/dep`],
      setupFile: `file:///${of}/setup`,
    });
    const plan = planFiles(
      specificationWith({
        cluster: files('c'),
        command: files('m'),
        applications: [{ id: 'a1', ...files('a') }, { id: 'a2' }],
        request: files('j'),
      }),
    );
    expect(Object.fromEntries(plan.files.map((file) => [file.target, file.uri]))).toEqual({
      'genie/cluster/cluster-1/genie_setup.sh': 'file:///c/setup',
      'genie/cluster/cluster-1/config/conf': 'file:///c/conf',
      'genie/cluster/cluster-1/dependencies/dep': 'file:///c/dep',
      'genie/applications/a1/genie_setup.sh': 'file:///a/setup',
      'genie/applications/a1/config/conf': 'file:///a/conf',
      'genie/applications/a1/dependencies/dep': 'file:///a/dep',
      'genie/command/command-1/genie_setup.sh': 'file:///m/setup',
      'genie/command/command-1/config/conf': 'file:///m/conf',
      'genie/command/command-1/dependencies/dep': 'file:///m/dep',
      'genie_setup.sh': 'file:///j/setup',
      conf: 'file:///j/conf',
      dep: 'file:///j/dep',
    });
    expect(plan.setupFiles.map((file) => file.path)).toEqual([
      'genie/cluster/cluster-1/genie_setup.sh',
      'genie/applications/a1/genie_setup.sh',
      'genie/command/command-1/genie_setup.sh',
      'genie_setup.sh',
    ]);
    expect(plan.folders).toContain('genie/applications/a2/dependencies/');
  });

  test('two files that aim at one place are a failure that names both', () => {
    const request = { configs: ['file:///a/x'], dependencies: ['file:///b/x'] };
    expect(() => planFiles(specificationWith({ request }))).toThrow(
      expect.objectContaining({
        reason: 'FILE_CONFLICT',
        message: expect.stringMatching(/file:\/\/\/a\/x.*file:\/\/\/b\/x/),
      }),
    );
  });

  test.each(['run', 'stdout', 'stderr', 'genie'])('a file cannot take the place of %s', (name) => {
    const request = { dependencies: [`file:///a/${name}`] };
    expect(() => planFiles(specificationWith({ request }))).toThrow(
      expect.objectContaining({ reason: 'FILE_CONFLICT' }),
    );
  });

  test('the same URI twice is one file', () => {
    const request = { configs: ['file:///a/x'], dependencies: ['file:///a/x'] };
    expect(planFiles(specificationWith({ request })).files).toEqual([
      { uri: 'file:///a/x', target: 'x', writable: true },
    ]);
  });
});
