/** The reference: what a process start costs on this machine with nothing of Marid around it. */
import { spawn } from 'node:child_process';
import { inLanes, upTo } from './harness/lanes.js';

/** Starts `count` processes one after another, `inFlight` at a time; returns starts (with their ends) a second. */
export async function processesPerSecond(command: readonly string[], count: number, inFlight: number): Promise<number> {
  const [program = '', ...args] = command;
  const started = performance.now();
  await inLanes(upTo(count), inFlight, () => ended(program, args));
  return (count * 1000) / (performance.now() - started);
}

function ended(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => {
      resolve();
    });
  });
}
