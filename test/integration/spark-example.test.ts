/** The example with two Spark clusters, as a person runs it. Needs Java, Python and Spark itself, 320 MB from PyPI, which is fetched with `CI=true` only. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { hasSpark, missingForSpark, prepareSpark } from '../../examples/spark/prepare-spark.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';

const EXAMPLE = resolve('dist/examples/spark/main.js');
/** Of a busy machine with two cores; half a minute on a quiet one. */
const MOST_MS = 300_000;
const MOST_FETCH_MS = 600_000;

const context = { environment: process.env, clock: new SystemClock(), report: () => undefined };
const missing = await missingHere();

const describeSpark = missing === null ? describe : describe.skip;
describeSpark(`The Spark example${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const example = { output: '', ended: Promise.resolve<number | null>(null), end: (): unknown => undefined };

  afterAll(async () => {
    example.end();
    await example.ended;
  });

  test(
    'runs jobs on two clusters that register themselves; the tags move without a failed job',
    async () => {
      expect(existsSync(EXAMPLE)).toBe(true);
      await prepareSpark(context);
      const child = spawn(process.execPath, [EXAMPLE], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      example.end = () => child.exitCode === null && process.kill(-(child.pid ?? 0), 'SIGTERM');
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (example.output += text));
      }
      example.ended = new Promise((done) => child.once('close', done));
      const code = await example.ended;
      const { output } = example;
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toMatch(/Pi is roughly 3\.1/);
      expect(output).toContain('1,000,000 orders on spark://127.0.0.1:');
      expect(output).toMatch(/^pi-before .* SUCCEEDED .* spark-a /m);
      expect(output).toMatch(/^pi-after .* SUCCEEDED .* spark-b /m);
      expect(output).toMatch(/^orders .* SUCCEEDED .* spark-b /m);
      expect(output).toMatch(/^spark-a .* TERMINATED /m);
      expect(output).not.toContain('FAILED');
    },
    MOST_MS + MOST_FETCH_MS,
  );
});

async function missingHere(): Promise<string | null> {
  const lacks = await missingForSpark(context);
  if (lacks !== null) return lacks;
  const fetch = process.env['CI'] === 'true';
  return hasSpark(context) || fetch ? null : 'Spark is not fetched yet; "npm run example:spark" or CI=true fetches it.';
}
