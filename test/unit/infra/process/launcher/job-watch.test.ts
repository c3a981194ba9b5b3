import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { LimitHit, ProcessLimits } from '../../../../../core/ports/launcher.js';
import { JobTree } from '../../../../../infra/process/launcher/job-tree.js';
import { JobWatch } from '../../../../../infra/process/launcher/job-watch.js';
import { readStat } from '../../../../../infra/process/launcher/proc.js';
import { measure } from '../../../../../infra/process/launcher/proc-usage.js';
import { signalGroupsOf } from '../../../../../infra/process/launcher/signals.js';
import { Survey } from '../../../../../infra/process/launcher/survey.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeClock } from '../../../../support/fake-clock.js';

describe('JobWatch', () => {
  let job: JobTree | null = null;
  afterEach(() => {
    if (job !== null) signalGroupsOf(job.look(new Survey(new FakeClock()).lookNow(), false), 'SIGKILL');
    job = null;
  });

  /** A job whose script has said that it is ready, and what watches it. */
  const begin = async (script: string, limits: ProcessLimits) => {
    const started = spawn('/bin/bash', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((ready) => started.stdout.once('data', ready));
    const leader = started.pid ?? 0;
    const startTicks = readStat(leader)?.startTicks ?? null;
    const tree = new JobTree({ leader, startTicks, mark: null, outputs: [] });
    job = tree;
    const clock = new FakeClock();
    const watch = new JobWatch({ clock, survey: new Survey(clock) });
    const hits: LimitHit[] = [];
    watch.watch({ tree, limits, onHit: (hit) => hits.push(hit) });
    return { clock, watch, tree, hits };
  };

  test('measures the whole tree, also what makes a session of its own, and rests after the last', async () => {
    const script = 'head -c 3000000 /dev/zero >/dev/null; (setsid sleep 60 & wait) & echo; while :; do :; done';
    const { clock, watch, tree, hits } = await begin(script, {});
    await clock.advance(100);
    await eventually('three processes, and some time', () => {
      const usage = measure(tree.look(new Survey(clock).lookNow(), false));
      return usage !== null && usage.processes >= 3 && usage.cpuTimeMs > 0;
    });
    await clock.advance(2000);
    const usage = watch.take(tree);
    expect(usage?.processes).toBeGreaterThanOrEqual(3);
    expect(usage?.peakMemoryBytes).toBeGreaterThan(3_000_000);
    expect(usage?.cpuTimeMs).toBeGreaterThan(0);
    expect(usage?.bytesRead).toBeGreaterThan(3_000_000);
    expect(usage?.bytesWritten).toBeGreaterThan(3_000_000);
    expect(hits).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(watch.take(tree)).toBeNull();
  });

  test('counts memory that processes share once', async () => {
    const script = `x=$(printf '%020000000d'); for i in 1 2 3 4; do sleep 60 & done; for i in 1 2 3 4; do (echo; sleep 60; : "$x") & done; wait`;
    const { clock, watch, tree, hits } = await begin(script, { memoryMb: 120 });
    const look = () => measure(tree.look(new Survey(clock).lookNow(), false));
    const usage = await eventually('all of them', () => {
      const now = look();
      return now !== null && now.processes >= 13 ? now : undefined;
    });
    expect(usage.residentBytes).toBeGreaterThan(120 * 1024 * 1024);
    await clock.advance(4000);
    expect(hits).toEqual([]);
    expect(watch.take(tree)?.peakMemoryBytes).toBeGreaterThan(120 * 1024 * 1024);
  });

  test('tells the limit that was reached, and how far', async () => {
    // No child that shares its memory for a moment, between fork and exec.
    const { clock, hits } = await begin(`x=$(printf '%060000000d'); echo; while :; do :; done`, { memoryMb: 30 });
    await clock.advance(100);
    expect(hits).toMatchObject([{ limit: 'memory', allowed: 30 }]);
    expect(hits[0]?.used).toBeGreaterThan(55);
  });

  test('finds too many processes without waiting for a look at all', async () => {
    const { clock, hits } = await begin('for i in {1..20}; do sleep 60 & done; echo; wait', { processes: 10 });
    await clock.advance(100);
    expect(hits).toMatchObject([{ limit: 'processes', allowed: 10 }]);
  });
});
