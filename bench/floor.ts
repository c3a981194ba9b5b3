/** The reference: what a process start costs on this machine with nothing of Marid around it. */
import { spawn } from 'node:child_process';

/** Starts `count` processes one after another, `inFlight` at a time; returns starts (with their ends) a second. */
export async function processesPerSecond(command: readonly string[], count: number, inFlight: number): Promise<number> {
  const [program = '', ...args] = command;
  const started = performance.now();
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await new Promise<void>((resolve, reject) => {
        const child = spawn(program, args, { stdio: 'ignore' });
        child.once('error', reject);
        child.once('exit', () => {
          resolve();
        });
      });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (count * 1000) / (performance.now() - started);
}
