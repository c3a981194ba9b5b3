import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../../client/index.js';
import { create } from '@bufbuild/protobuf';
import { JobRequestSchema, JobStatus } from '../../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../../support/eventually.js';
import { MemoryMarid } from '../../support/memory-marid.js';

const REQUEST = create(JobRequestSchema, { user: 'ada' });

let marid: MemoryMarid;
let client: MaridClient;

beforeEach(async () => {
  marid = await MemoryMarid.open();
  client = MaridClient.connect({ address: marid.address, timeoutMs: 5_000 });
});

afterEach(async () => {
  await client.close();
  await marid.stop();
});

/** A job that has run to its end, with some output. */
function finished(id: string): void {
  marid.jobs.add(id, REQUEST);
  marid.jobs.start(id);
  marid.jobs.write(id, 'stdout', 'one\ntwo\nthree\n');
  marid.jobs.end(id, { status: JobStatus.SUCCEEDED, result: { exitCode: 0 } });
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

describe('submit', () => {
  test('repeats a lost answer with the id that it made', async () => {
    marid.jobs.lostAnswers = 2;
    const job = await client.submit({ user: 'ada' });
    expect(marid.jobs.submittedIds).toEqual([job.id, job.id, job.id]);
    expect(job.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('gives up at its deadline', async () => {
    marid.jobs.lostAnswers = 1_000;
    await expect(client.submit({ user: 'ada' }, { id: 'j', timeoutMs: 300 })).rejects.toMatchObject({
      name: 'MaridError',
      code: expect.stringMatching(/^(UNAVAILABLE|DEADLINE_EXCEEDED)$/), // as the last try ended
    });
    expect(marid.jobs.submittedIds.length).toBeGreaterThan(1);
  });
});

describe('submitAll', () => {
  type Item = { readonly id: string; readonly request: { readonly user: string } };
  const items = (count: number): readonly Item[] =>
    Array.from({ length: count }, (_, index) => ({ id: `j${String(index)}`, request: { user: 'ada' } }));

  async function outcomesOf(submitted: Iterable<Item> | AsyncIterable<Item>): Promise<readonly string[]> {
    const seen: string[] = [];
    for await (const outcome of client.submitAll(submitted)) {
      expect(outcome.id).toBe(outcome.item.id);
      seen.push(outcome.kind === 'accepted' ? outcome.id : `${outcome.id}: ${outcome.error.message}`);
    }
    return seen;
  }

  test('tells of each in order, and a refused one does not end the rest', async () => {
    const [first, second] = items(2);
    const refused = { id: 'no', request: { user: 'nobody' } };
    const wanted = [first, refused, second].filter((item) => item !== undefined);
    expect(await outcomesOf(wanted)).toEqual(['j0', 'no: job.user: is nobody', 'j1']);
    expect(await outcomesOf([])).toEqual([]);
  });

  test('makes each job once and misses none although the stream breaks again and again', async () => {
    for (const quietly of [false, true]) {
      marid.jobs.breakAfter = 7;
      marid.jobs.breakQuietly = quietly;
      const wanted = items(30).map((item) => ({ ...item, id: `${item.id}-${String(quietly)}` }));
      expect(await outcomesOf(wanted)).toEqual(wanted.map(({ id }) => id));
    }
  });

  test('submits again what was refused only for now', async () => {
    marid.jobs.lostAnswers = 2;
    expect(await outcomesOf(items(3))).toEqual(['j0', 'j1', 'j2']);
    expect(marid.jobs.submittedIds.filter((id) => id === 'j0').length).toBeGreaterThan(1);
  });

  test('throws what the items throw, behind the answers to those before', async () => {
    const seen: string[] = [];
    const broken = async function* (): AsyncGenerator<Item> {
      yield* items(3);
      throw new Error('the file is gone');
    };
    const submitting = async (): Promise<void> => {
      for await (const { id } of client.submitAll(broken())) seen.push(id);
    };
    await expect(submitting()).rejects.toThrow('the file is gone');
    expect(seen).toEqual(['j0', 'j1', 'j2']);
  });
});

describe('watch', () => {
  test('yields each transition once although the stream breaks after each', async () => {
    finished('j');
    marid.jobs.breakAfter = 1;
    const sequences: bigint[] = [];
    for await (const { transition } of client.watch('j')) sequences.push(transition?.sequence ?? 0n);
    expect(sequences).toEqual([1n, 2n, 3n, 4n]);
    expect(marid.jobs.opened).toEqual(['watch ', 'watch 1', 'watch 2', 'watch 3']);
  });

  test('takes a quiet end before the last transition for a server that went away', async () => {
    finished('j');
    marid.jobs.breakAfter = 3;
    marid.jobs.breakQuietly = true;
    const statuses: JobStatus[] = [];
    for await (const { transition } of client.watch('j')) statuses.push(transition?.to ?? 0);
    expect(statuses.at(-1)).toBe(JobStatus.SUCCEEDED);
    expect(statuses).toHaveLength(4);
  });

  test('ends when it resumes behind the last transition', async () => {
    finished('j');
    const items: unknown[] = [];
    for await (const item of client.watch('j', { resumeToken: '4' })) items.push(item);
    expect(items).toEqual([]);
  });

  test('fails at once for a job that does not exist', async () => {
    await expect(client.wait('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('wait', () => {
  test('survives a restart of the server', async () => {
    marid.jobs.add('j', REQUEST);
    marid.jobs.start('j');
    const waiting = client.wait('j');
    await eventually('the watch is open', () => marid.jobs.opened.length > 0);
    await marid.stop();
    marid.jobs.end('j', { status: JobStatus.FAILED, result: { exitCode: 3 } });
    await marid.start();
    expect((await waiting).result?.exitCode).toBe(3);
  });

  test('rejects with DEADLINE_EXCEEDED and the status when its time is over', async () => {
    marid.jobs.add('j', REQUEST);
    const waiting = client.wait('j', { timeoutMs: 200 });
    await expect(waiting).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(waiting).rejects.toThrow('still ACCEPTED');
  });

  test('rejects with CANCELLED when its signal aborts', async () => {
    marid.jobs.add('j', REQUEST);
    const stop = new AbortController();
    const waiting = client.wait('j', { signal: stop.signal });
    await eventually('the watch is open', () => marid.jobs.opened.length > 0);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('follow', () => {
  test('goes on at the next byte after each break', async () => {
    finished('j');
    marid.jobs.breakAfter = 1;
    expect(await textOf(client.follow('j', 'stdout'))).toBe('one\ntwo\nthree\n');
    expect(marid.jobs.opened).toEqual(['stdout 0', 'stdout 5', 'stdout 10']);
  });

  test('waits for a job that has not started and ends with it', async () => {
    marid.jobs.add('j', REQUEST);
    const text = textOf(client.follow('j', 'stderr'));
    await eventually('the watch is open', () => marid.jobs.opened.length > 0);
    marid.jobs.start('j');
    marid.jobs.write('j', 'stderr', 'late\n');
    marid.jobs.end('j', { status: JobStatus.SUCCEEDED });
    expect(await text).toBe('late\n');
  });

  test('yields nothing for a job that ended without starting', async () => {
    marid.jobs.add('j', REQUEST);
    marid.jobs.end('j', { status: JobStatus.KILLED });
    expect(await textOf(client.follow('j', 'stdout'))).toBe('');
  });
});

describe('readFile', () => {
  test('keeps offset and limit over breaks', async () => {
    finished('j');
    marid.jobs.breakAfter = 1;
    expect(await textOf(client.readFile('j', 'stdout', { offset: 1, limit: 8 }))).toBe('ne\ntwo\nt');
    expect(await textOf(client.readFile('j', 'stdout', { offset: -6 }))).toBe('three\n');
  });
});

describe('list', () => {
  test('goes over all pages and stops at the limit', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) marid.jobs.add(id, REQUEST);
    const ids: string[] = [];
    for await (const job of client.list({}, { pageSize: 2 })) ids.push(job.id);
    expect(ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    const some: string[] = [];
    for await (const job of client.list({}, { pageSize: 2, limit: 3 })) some.push(job.id);
    expect(some).toEqual(['a', 'b', 'c']);
  });
});

describe('a server that is not there', () => {
  test('is UNAVAILABLE within the time given', async () => {
    await marid.stop();
    const impatient = MaridClient.connect({ address: marid.address, timeoutMs: 300 });
    await expect(impatient.get('j')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(impatient.wait('j')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await impatient.close();
  });
});
