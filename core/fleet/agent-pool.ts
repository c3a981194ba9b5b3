/**
 * Pools of agents. An agent is a worker for one job, in the terminal of whoever asked for it. Each is alone in a pool of its own, so that nobody else is ever given its
 * job; the name of a configured pool holds no colon.
 */

const PREFIX = 'agent:';

/** The pool of an agent. */
export function agentPool(agentId: string): string {
  return PREFIX + agentId;
}

/** The agent whose pool it is; `null`: a pool of the fleet. */
export function agentOfPool(pool: string): string | null {
  return pool.startsWith(PREFIX) ? pool.slice(PREFIX.length) : null;
}
