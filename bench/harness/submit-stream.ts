/** Submits over one stream, as a service does that submits much. */
import type { MaridClient } from '../../client/index.js';
import type { SubmitItem, SubmitOutcome } from '../../client/submit-all.js';

interface Pending extends SubmitItem {
  readonly settle: (outcome: SubmitOutcome<Pending>) => void;
}

/** Open from construction until `end`. */
export class SubmitStream {
  private readonly queue: Pending[] = [];
  private ended = false;
  private wake: () => void = () => undefined;
  private readonly running: Promise<void>;

  constructor(client: MaridClient) {
    this.running = this.run(client);
  }

  /** Resolves when the job is accepted. */
  submit(request: SubmitItem['request']): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: SubmitOutcome<Pending>): void => {
        if (outcome.kind === 'accepted') resolve();
        else reject(outcome.error);
      };
      this.queue.push({ request, settle });
      this.wake();
    });
  }

  /** Ends the stream behind what was submitted. */
  async end(): Promise<void> {
    this.ended = true;
    this.wake();
    await this.running;
  }

  private async run(client: MaridClient): Promise<void> {
    for await (const outcome of client.submitAll(this.items())) outcome.item.settle(outcome);
  }

  private async *items(): AsyncGenerator<Pending, void, undefined> {
    for (;;) {
      yield* this.queue.splice(0);
      if (this.ended && this.queue.length === 0) return;
      if (this.queue.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
