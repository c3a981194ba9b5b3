import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProcessExit } from '../../../../../core/ports/launcher.js';
import { JOURNAL_FILE, RecordJournal } from '../../../../../infra/process/launcher/record-journal.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const started = { processId: 12, startedAt: 1000, startTicks: 99 };
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marid-records-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (): RecordJournal => new RecordJournal({ folder, logger: new QuietLogger() });
const text = (): string => readFileSync(join(folder, JOURNAL_FILE), 'utf8');
const named = (jobId: string) => ({ jobId, attempt: 1 });
const intend = (jobId: string) => ({ attempt: named(jobId), boot: 'b', stdoutPath: '/out', stderrPath: '/err' });
const exitOf = (jobId: string): ProcessExit => ({
  attempt: named(jobId),
  result: {
    ...{ exitCode: 0, signal: null, processId: 12, stdoutBytes: 0, stderrBytes: 0 },
    ...{ peakMemoryBytes: null, cpuTimeMs: null },
  },
  endedAt: 1,
  endedBy: null,
});
const ids = (journal: RecordJournal): readonly string[] => journal.load().map(({ intended }) => intended.attempt.jobId);

describe('RecordJournal', () => {
  test('the next launcher finds what was not forgotten', () => {
    const journal = open();
    for (const id of ['a', 'b', 'c']) journal.begin(intend(id));
    journal.started(named('a'), started);
    journal.end(exitOf('b'));
    journal.remove(named('c'));
    journal.flush();
    const found = open().load();
    expect(found.map(({ intended, started: process, exit }) => [intended.attempt.jobId, process, exit])).toEqual([
      ['a', started, null],
      ['b', null, exitOf('b')],
    ]);
  });

  test('what is intended is written at once with what waits, the rest by the end of the turn', async () => {
    const journal = open();
    const written = (): readonly (string | undefined)[] =>
      [...text().matchAll(/"(intended|started|ended|forgotten)":/g)].map(([, kind]) => kind);
    journal.begin(intend('a'));
    journal.started(named('a'), started);
    expect(written()).toEqual(['intended']);
    journal.begin(intend('b'));
    expect(written()).toEqual(['intended', 'started', 'intended']);
    journal.end(exitOf('b'));
    journal.remove(named('b'));
    await new Promise(setImmediate);
    expect(written()).toEqual(['intended', 'started', 'intended', 'ended', 'forgotten']);
  });

  test('what could not be written is written with the next', () => {
    const journal = open();
    rmSync(folder, { recursive: true });
    journal.end(exitOf('a'));
    journal.flush();
    mkdirSync(folder);
    journal.begin(intend('b'));
    expect(text()).toContain('{"ended":');
    expect(ids(open())).toEqual(['b']);
  });

  test('a line that was being written is not there, and does not spoil the next', () => {
    open().begin(intend('a'));
    appendFileSync(join(folder, JOURNAL_FILE), '{"intended":{"att');
    const journal = open();
    expect(ids(journal)).toEqual(['a']);
    journal.begin(intend('b'));
    expect(ids(open())).toEqual(['a', 'b']);
  });

  test('stays small, whatever is forgotten, and keeps what runs', () => {
    const journal = open();
    journal.begin(intend('runs'));
    const filler = 'x'.repeat(2000);
    for (let number = 0; number < 1500; number += 1) {
      journal.begin(intend(`${filler}${String(number)}`));
      journal.remove(named(`${filler}${String(number)}`));
    }
    journal.end(exitOf('runs'));
    journal.flush();
    expect(statSync(join(folder, JOURNAL_FILE)).size).toBeLessThan(1.1 * 1024 * 1024);
    expect(open().load()).toMatchObject([{ exit: exitOf('runs') }]);
    expect(text()).not.toContain(filler);
  });
});
