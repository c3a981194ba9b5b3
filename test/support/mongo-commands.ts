/** What a database sends to its server. */
import type { Document } from 'mongodb';
import type { MongoDatabase } from '../../infra/store/mongo/mongo-database.js';

/** One command as it was sent. */
export interface SentCommand {
  readonly name: string;
  readonly command: Document;
}

/** Remembers every command from now on. The URL of the database must ask for it: `monitorCommands=true`. */
export function recordCommands(database: MongoDatabase): readonly SentCommand[] {
  const sent: SentCommand[] = [];
  database['connection'].client.on('commandStarted', ({ commandName, command }) => {
    sent.push({ name: commandName, command });
  });
  return sent;
}
