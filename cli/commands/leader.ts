/** `marid leader`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { outputOption } from './options.js';

/** Adds the command and its subcommands. */
export function register(program: Command, context: CliContext): void {
  const leader = program.command('leader').addOption(outputOption(['table', 'json', 'yaml']));
  documented(leader, {
    summary: "Show who leads, and the leader's tasks with their last runs; run or pause a task.",
    examples: [
      ['marid leader', 'all tasks'],
      ['marid leader run retention', 'one of them, now'],
    ],
  }).action(async () => {
    const { showLeader } = await import('../actions/leader.js');
    await showLeader(context, leader);
  });
  addRun(leader, context);
  addPause(leader, context);
}

function addRun(leader: Command, context: CliContext): void {
  const command = leader.command('run').argument('<task...>', 'names of tasks');
  documented(command, {
    summary: 'Have the leader run tasks now, also paused ones, and say what they did.',
    details:
      'Any control plane can be asked. When the run has not ended after 10 s, it goes on: `marid leader` shows it.',
    examples: [['marid leader run retention', 'delete now what is due']],
  }).action(async (names: string[]) => {
    const { runTasks } = await import('../actions/leader.js');
    await runTasks(context, command, names);
  });
}

function addPause(leader: Command, context: CliContext): void {
  const variants = [
    { name: 'pause', undo: false, summary: 'Let tasks run only when asked by hand, until `resume`.' },
    { name: 'resume', undo: true, summary: 'Let paused tasks run by their schedules again.' },
  ];
  for (const { name, undo, summary } of variants) {
    const command = leader.command(name).argument('<task...>', 'names of tasks');
    documented(command, { summary, examples: [[`marid leader ${name} retention`, 'one task']] }).action(
      async (names: string[]) => {
        const { pauseTasks } = await import('../actions/leader.js');
        await pauseTasks(context, command, { names, undo });
      },
    );
  }
}
