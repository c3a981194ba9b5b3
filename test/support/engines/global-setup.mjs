/**
 * Runs in the process of Jest before the tests: listens for test files that ask for an engine and has the supervisor start it when the first one asks. Plain JavaScript
 * because Jest loads a global set-up outside of its transforms.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where the tear-down and the reporter find this run's engines. */
export const RUN = Symbol.for('marid.test.engines');

/** Asks the supervisor, which it starts first, and remembers the answers. */
class Engines {
  folder = mkdtempSync(join(tmpdir(), 'marid-engines-'));
  socket = join(this.folder, 'socket');
  /** Answers by name of engine, as far as they are known: `EngineAnswer`. */
  answers = new Map();
  asked = new Map();
  waiting = new Map();
  supervisor = null;

  ask(name) {
    if (!this.asked.has(name)) this.asked.set(name, this.request(name));
    return this.asked.get(name);
  }

  request(name) {
    this.supervisor ??= this.start();
    return new Promise((resolve) => {
      this.waiting.set(name, resolve);
      this.supervisor.stdin.write(`${name}\n`);
    });
  }

  start() {
    const file = (name) => join(import.meta.dirname, name);
    const child = spawn(process.execPath, ['--import', file('typescript-loader.mjs'), file('supervisor.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { name, answer } = JSON.parse(line);
      this.settle(name, answer);
    });
    child.stdin.on('error', () => undefined); // it has ended: said below
    child.once('close', () => {
      for (const name of this.waiting.keys()) this.settle(name, { kind: 'absent', reason: 'the supervisor ended' });
    });
    return child;
  }

  settle(name, answer) {
    this.answers.set(name, answer);
    this.waiting.get(name)?.(answer);
    this.waiting.delete(name);
  }
}

export default async function setUp() {
  const engines = new Engines();
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // the test file ended before its answer
    createInterface({ input: socket }).once('line', async (name) => {
      socket.end(JSON.stringify(await engines.ask(name)));
    });
  });
  await new Promise((resolve) => server.listen(engines.socket, resolve));
  process.env.MARID_TEST_ENGINES_SOCKET = engines.socket;
  globalThis[RUN] = { engines, server };
}
