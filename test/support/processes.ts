/** Looks at processes of this machine. */
import { listStats, readStat } from '../../infra/process/launcher/proc.js';

/** Live processes of a session. */
export function sessionOf(session: number): readonly number[] {
  return listStats()
    .filter((stat) => stat.session === session && stat.state !== 'Z')
    .map((stat) => stat.processId);
}

/** Whether it runs; one that has ended and was not waited for does not. */
export function isAlive(processId: number): boolean {
  const stat = readStat(processId);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}
