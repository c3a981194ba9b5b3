#!/usr/bin/env node
/** The `marid` command: ties the commands to this process. */
import { homedir, userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { SystemClock } from '../infra/runtime/system-clock.js';
import type { CliContext, CliStream } from './context.js';
import { runCli } from './program.js';

/** Whoever reads our output has gone, as `head` does: nothing is left to say. */
function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

function cliStream(stream: NodeJS.WriteStream): CliStream {
  stream.on('error', endQuietly);
  return {
    isTerminal: Boolean(stream.isTTY), // absent, not false, on a pipe
    columns: stream.isTTY ? stream.columns : 80,
    write: (chunk) =>
      new Promise((resolve) => {
        stream.write(chunk, () => {
          resolve();
        });
      }),
  };
}

function onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void {
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener).off('SIGTERM', listener);
  };
}

function onHangUp(listener: () => void): () => void {
  process.on('SIGHUP', listener);
  return () => {
    process.off('SIGHUP', listener);
  };
}

const context: CliContext = {
  stdout: cliStream(process.stdout),
  stderr: cliStream(process.stderr),
  stdin: () => process.stdin,
  readStdin: () => text(process.stdin),
  env: process.env,
  clock: new SystemClock(),
  userName: () => userInfo().username,
  homeFolder: homedir(),
  onInterrupt,
  onHangUp,
};

process.exitCode = await runCli(process.argv.slice(2), context);
