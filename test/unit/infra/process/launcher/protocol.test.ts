import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { ProcessExit } from '../../../../../core/ports/launcher.js';
import {
  decodeMessage,
  decodeRequest,
  decodeRequestId,
  parseRequest,
  encodeExit,
  encodeFailure,
  encodeReply,
  encodeRequest,
  type LauncherRequest,
} from '../../../../../infra/process/launcher/protocol.js';

const attempt = fc.record({ jobId: fc.string({ unit: 'binary' }), attempt: fc.nat() });
const path = fc.string({ unit: 'binary' }).map((text) => `/${text}`);
const start = fc.record({
  attempt,
  command: fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }),
  directory: path,
  environment: fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { noNullPrototype: true }),
  stdoutPath: path,
  stderrPath: path,
  timeoutMs: fc.nat(),
});
const user = fc.record({ uid: fc.nat(), gid: fc.nat(), groups: fc.array(fc.nat()) });
const request: fc.Arbitrary<LauncherRequest> = fc.oneof(
  fc.constantFrom<LauncherRequest>({ type: 'hello' }, { type: 'close' }),
  fc.record({ type: fc.constant('adopt' as const), session: fc.option(fc.string()) }),
  start.map((value): LauncherRequest => ({ type: 'start', start: value })),
  fc.tuple(start, user).map(([value, who]): LauncherRequest => ({ type: 'start', start: { ...value, user: who } })),
  fc.record({ type: fc.constant('kill' as const), attempt, graceMs: fc.nat() }),
  fc.record({ type: fc.constant('forget' as const), attempt }),
  fc.record({ type: fc.constant('renew' as const), terminateInMs: fc.nat(), killInMs: fc.nat(), sentAt: fc.nat() }),
);
const EXIT: ProcessExit = {
  attempt: { jobId: 'a', attempt: 2 },
  result: {
    exitCode: null,
    signal: 'SIGKILL',
    processId: 7,
    stdoutBytes: 1,
    stderrBytes: 0,
    peakMemoryBytes: 4096,
    cpuTimeMs: null,
  },
  endedAt: 5,
  endedBy: 'lease',
};

describe('protocol', () => {
  test('a start as another user is a request of its own, which launchers that do not know it refuse', () => {
    const value = { attempt: { jobId: 'a', attempt: 1 }, command: ['true'], directory: '/', environment: {} };
    const paths = { stdoutPath: '/o', stderrPath: '/e', timeoutMs: 1 };
    const as = { user: { uid: 1000, gid: 1000, groups: [1000, 27] } };
    const line = (more: object) =>
      encodeRequest({ id: 1, request: { type: 'start', start: { ...value, ...paths, ...more } } });
    expect(JSON.parse(line({}))).toMatchObject({ type: 'start' });
    expect(JSON.parse(line(as))).toMatchObject({ type: 'start-as' });
    for (const bad of [{}, { uid: 1 }, { uid: -1, gid: 1, groups: [] }, { uid: 1, gid: 1, groups: ['x'] }, null]) {
      expect(() => decodeRequest(parseRequest(line({ user: bad })))).toThrow('has to be');
    }
  });

  test('a request is one line and reads back as it was', () => {
    fc.assert(
      fc.property(fc.nat(), request, (id, value) => {
        const line = encodeRequest({ id, request: value });
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(decodeRequestId(parseRequest(line))).toBe(id);
        expect(decodeRequest(parseRequest(line))).toEqual(value);
      }),
    );
  });

  test('replies, failures and exits read back as they were', () => {
    expect(decodeMessage(encodeReply(3, { a: 1 }))).toEqual({ type: 'reply', id: 3, value: { a: 1 } });
    expect(decodeMessage(encodeExit(EXIT))).toEqual({ type: 'exit', exit: EXIT });
    const failure = encodeFailure(4, new MaridError('NOT_FOUND', 'no such program'));
    expect(decodeMessage(failure)).toMatchObject({ id: 4, error: { code: 'NOT_FOUND', message: 'no such program' } });
  });

  test('an unexpected error becomes INTERNAL and tells nothing', () => {
    const failure = encodeFailure(4, new Error('secret'));
    expect(failure).not.toContain('secret');
    expect(decodeMessage(failure)).toMatchObject({ error: { code: 'INTERNAL' } });
  });

  test('what is not a request is refused', () => {
    const good = { type: 'start', start: { ...EXAMPLE } };
    const bad: readonly unknown[] = [
      null,
      [],
      'start',
      {},
      { type: 'fork' },
      { type: 'kill', attempt: { jobId: 1, attempt: 1 }, graceMs: 1 },
      { type: 'kill', attempt: { jobId: 'a', attempt: 1 }, graceMs: -1 },
      { type: 'renew', terminateInMs: null, killInMs: 1, sentAt: 1 },
      { ...good, start: { ...EXAMPLE, command: [] } },
      { ...good, start: { ...EXAMPLE, command: ['a', 1] } },
      { ...good, start: { ...EXAMPLE, directory: 'relative' } },
      { ...good, start: { ...EXAMPLE, stdoutPath: '../out' } },
      { ...good, start: { ...EXAMPLE, environment: { A: 1 } } },
    ];
    expect(decodeRequest(parseRequest(JSON.stringify(good)))).toEqual(good);
    for (const each of bad) {
      expect(() => decodeRequest(parseRequest(JSON.stringify(each)))).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
    expect(() => parseRequest('{')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('what is not a message of a launcher is refused', () => {
    const exits = [
      { ...EXIT, endedBy: 'whim' },
      { ...EXIT, endedAt: '5' },
      { ...EXIT, result: null },
    ];
    const bad: readonly unknown[] = [
      { type: 'reply' },
      { type: 'other' },
      ...exits.map((exit) => ({ type: 'exit', exit })),
    ];
    for (const each of bad) {
      expect(() => decodeMessage(JSON.stringify(each))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});

const EXAMPLE = {
  attempt: { jobId: 'a', attempt: 1 },
  command: ['/bin/true'],
  directory: '/tmp',
  environment: { A: 'b' },
  stdoutPath: '/tmp/out',
  stderrPath: '/tmp/err',
  timeoutMs: 1,
};
