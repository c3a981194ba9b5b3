/** An independent account of what ran: each job appends its id to a file when it starts and when it ends. */
import { readFile } from 'node:fs/promises';

/** The account of one installation. */
export class Ledger {
  constructor(private readonly file: string) {}

  /** A shell script for a job, with `body` between the two entries. */
  script(body = ''): string {
    const enter = (what: string): string => `echo "${what} $GENIE_JOB_ID" >> '${this.file}'`;
    return [enter('start'), ...(body === '' ? [] : [body]), enter('end')].join('\n');
  }

  /** Ids in the order of their entries, with repetitions. */
  async entries(what: 'start' | 'end'): Promise<readonly string[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line.startsWith(`${what} `));
    return lines.map((line) => line.slice(what.length + 1));
  }

  /** What of these did not start once and end once: empty if all is well. */
  async wrong(ids: readonly string[]): Promise<readonly string[]> {
    const [starts, ends] = await Promise.all([this.entries('start'), this.entries('end')]);
    return ids.flatMap((id) => {
      const [started, ended] = [starts, ends].map((all) => all.filter((each) => each === id).length);
      return started === 1 && ended === 1 ? [] : [`${id}: ${String(started)} starts, ${String(ended)} ends`];
    });
  }
}
