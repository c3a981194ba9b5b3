/** What `marid delete` does. */
import type { Command } from 'commander';
import { isMaridError } from '../../core/errors/marid-error.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { kindOf } from '../kinds.js';
import { escapeText } from '../output/escape.js';
import type { RegistryWord } from '../words.js';
import { forEach } from './for-each.js';

/** Deletes each entry. */
export async function deleteEntries(
  context: CliContext,
  command: Command,
  word: RegistryWord,
  ids: readonly string[],
): Promise<void> {
  const { ignoreNotFound } = command.opts<{ readonly ignoreNotFound?: boolean }>();
  const kind = kindOf(word);
  await withClient(context, command, (client) =>
    forEach(context, ids, async (id) => {
      try {
        await kind.delete(client, id);
      } catch (error) {
        if (ignoreNotFound !== true || !isMaridError(error) || error.code !== 'NOT_FOUND') throw error;
      }
      await context.stdout.write(`${word} ${escapeText(id)} deleted\n`);
    }),
  );
}
