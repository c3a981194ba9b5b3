import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OUTPUT_TIMES_FILE, parseOutputTime } from '../../../../../core/job/output-times.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { OutputRecorder } from '../../../../../workers/gateway/output/output-recorder.js';
import { eventually } from '../../../../support/eventually.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { makeTemporaryFolder } from '../../../../support/temporary-folder.js';

let folder: ReturnType<typeof makeTemporaryFolder>;
let directory = '';
beforeEach(() => {
  folder = makeTemporaryFolder();
  directory = join(folder.path, '1');
  mkdirSync(join(directory, 'genie/logs'), { recursive: true });
  for (const name of ['stdout', 'stderr', OUTPUT_TIMES_FILE]) writeFileSync(join(directory, name), '');
});
afterEach(() => {
  folder.remove();
});

const open = () => OutputRecorder.open({ directory, clock: new SystemClock(), logger: new QuietLogger() });

async function opened(): Promise<OutputRecorder> {
  const recorder = await open();
  if (recorder === null) throw new Error('there is a record to write');
  return recorder;
}

const entries = (record = OUTPUT_TIMES_FILE) =>
  readFileSync(join(directory, record), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => parseOutputTime(line));

describe('OutputRecorder', () => {
  test('notes each write of both streams, as it comes, with times that do not go back', async () => {
    const began = Date.now();
    const recorder = await opened();
    for (const [index, name] of ['stdout', 'stderr', 'stdout'].entries()) {
      appendFileSync(join(directory, name), 'line\n');
      await eventually(`entry ${index}`, () => entries().length === index + 1);
    }
    await recorder.finish();
    expect(entries().map((entry) => [entry?.stream, entry?.end])).toEqual([
      ['stdout', 5],
      ['stderr', 5],
      ['stdout', 10],
    ]);
    const times = entries().map((entry) => entry?.at ?? 0);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    // The kernel's time of a file is up to a tick behind the clock.
    expect(times[0]).toBeGreaterThan(began - 50);
    expect(times[2]).toBeLessThanOrEqual(Date.now());
  });

  test('goes on after another process of the worker, with the time of the write that nobody saw', async () => {
    const first = await opened();
    appendFileSync(join(directory, 'stdout'), 'one\n');
    await first.finish();
    appendFileSync(join(directory, 'stdout'), 'two\n');
    const written = Math.floor(Date.now() / 1000) - 100;
    utimesSync(join(directory, 'stdout'), written, written);
    await (await opened()).finish();
    expect(entries().map((entry) => entry?.end)).toEqual([4, 8]);
    expect(entries()[1]?.at).toBe(written * 1000);
  });

  test('does not believe a time that is yet to come', async () => {
    writeFileSync(join(directory, 'stdout'), 'x');
    utimesSync(join(directory, 'stdout'), 5e9, 5e9);
    await (await opened()).finish();
    expect(entries()[0]?.at).toBeLessThanOrEqual(Date.now());
  });

  test('holds the files that the program has, whatever takes their names', async () => {
    const recorder = await opened();
    const secret = join(folder.path, 'secret');
    writeFileSync(secret, 'untouched');
    renameSync(join(directory, 'stdout'), join(directory, 'moved'));
    symlinkSync(secret, join(directory, 'stdout'));
    renameSync(join(directory, OUTPUT_TIMES_FILE), join(directory, 'record'));
    symlinkSync(secret, join(directory, OUTPUT_TIMES_FILE));
    appendFileSync(join(directory, 'moved'), 'line\n');
    await eventually('the entry', () => entries('record').length === 1);
    await recorder.finish();
    expect(readFileSync(secret, 'utf8')).toBe('untouched');
  });

  test('writes nothing outside of the folder, and nothing where the job took the record away', async () => {
    const secret = join(folder.path, 'secret');
    writeFileSync(secret, 'untouched');
    renameSync(join(directory, OUTPUT_TIMES_FILE), join(directory, 'away'));
    expect(await open()).toBeNull();
    symlinkSync(secret, join(directory, OUTPUT_TIMES_FILE));
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readFileSync(secret, 'utf8')).toBe('untouched');
  });

  test('a job that writes without a pause has a record that grows ever slower', async () => {
    writeFileSync(join(directory, OUTPUT_TIMES_FILE), 'x'.repeat(1e6));
    const recorder = await opened();
    const until = performance.now() + 100;
    let writes = 0;
    while (performance.now() < until) {
      appendFileSync(join(directory, 'stdout'), 'line\n');
      writes += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lasted = performance.now() - until + 100;
    await recorder.finish();
    const record = readFileSync(join(directory, OUTPUT_TIMES_FILE), 'utf8').slice(1e6).split('\n').slice(0, -1);
    expect(record.at(-1)?.endsWith(` stdout ${writes * 5}`)).toBe(true);
    expect(record.length).toBeLessThanOrEqual(lasted / 5 + 4);
  });
});
