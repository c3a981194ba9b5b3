/** Durable submits of jobs that find no room, so that nothing else runs, beside bare calls of the same gRPC library that send as much. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { toBinary, create } from '@bufbuild/protobuf';
import { SubmitJobRequestSchema } from '../../proto/gen/marid/v1/job_service_pb.js';
import { inLanes, upTo } from '../harness/lanes.js';
import { quantile, summaryOf } from '../harness/statistics.js';
import { benchFile } from '../harness/tools.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, SystemUnderTest } from '../system.js';

const IN_FLIGHT = 32;
/** More than any worker has: the jobs wait. */
const NO_ROOM_MB = 1e6;

const REQUEST = { ...benchJob('noop', ['an argument']), memoryMb: NO_ROOM_MB };

type Call = () => Promise<unknown>;

/** Latency of one, and throughput of 32 in flight. */
export const SUBMIT: Workload = {
  summary: 'durable submits: one in flight and 32 in flight, beside bare gRPC calls with and without fdatasync',
  run: async ({ jobs = 1000, rounds = 5 }) => {
    const folder = await mkdtemp(join(tmpdir(), 'marid-bench-'));
    const system = await SystemUnderTest.start();
    const bare = await echo();
    const durable = await echo(join(folder, 'file'));
    try {
      const calls = { marid: () => system.client.submit(REQUEST), bare: bare.call, durable: durable.call };
      for (const call of Object.values(calls)) await together(call, 200);
      const one: Record<string, number[]> = { marid: [], bare: [], durable: [] };
      const many: Record<string, number[]> = { marid: [], bare: [], durable: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, call] of Object.entries(calls)) {
          one[name]?.push(...(await alone(call, Math.ceil(jobs / 10))));
          many[name]?.push(await together(call, jobs));
        }
      }
      print(one, many);
    } finally {
      await Promise.all([system.stop(), bare.stop(), durable.stop()]);
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function print(one: Readonly<Record<string, number[]>>, many: Readonly<Record<string, number[]>>): void {
  const p50 = (name: string): number => quantile(one[name] ?? [], 0.5);
  const rate = (name: string): number => summaryOf(many[name] ?? []).median;
  const titles = { marid: 'Marid, durable submit', bare: 'bare unary call', durable: 'bare call and fdatasync' };
  for (const [name, title] of Object.entries(titles)) {
    const p99 = quantile(one[name] ?? [], 0.99);
    const alone = `one in flight p50 ${p50(name).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
    console.log(`${title.padEnd(26)} ${alone}; ${String(IN_FLIGHT)} in flight ${rate(name).toFixed(0)}/s`);
  }
  console.log(`one in flight: ${(p50('marid') / p50('durable')).toFixed(2)} x the bare call with fdatasync`);
  console.log(`${String(IN_FLIGHT)} in flight: ${(rate('marid') / rate('bare')).toFixed(2)} x the bare call`);
}

async function alone(call: Call, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return times;
}

async function together(call: Call, count: number): Promise<number> {
  const started = performance.now();
  await inLanes(upTo(count), IN_FLIGHT, call);
  return (count * 1000) / (performance.now() - started);
}

/** A bare server in a process of its own, as the control plane is, and a call that sends what a submit sends. */
async function echo(file?: string): Promise<{ readonly call: Call; readonly stop: () => Promise<void> }> {
  const args = [benchFile('peers', 'echo.mjs'), ...(file === undefined ? [] : [file])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
  const client = new Client(`127.0.0.1:${port.trim()}`, credentials.createInsecure());
  const bytes = Buffer.from(toBinary(SubmitJobRequestSchema, create(SubmitJobRequestSchema, { job: REQUEST })));
  const same = (value: Buffer): Buffer => value;
  return {
    call: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest('/bench.Echo/Echo', same, same, bytes, (error, answer) => {
          if (error === null) resolve(answer);
          else reject(error);
        });
      }),
    stop: async () => {
      client.close();
      child.kill();
      await once(child, 'close');
    },
  };
}
