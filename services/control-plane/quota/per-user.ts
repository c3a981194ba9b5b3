/** Questions by user: what comes for one user while a round of that user is under way goes together into the next. */

interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** Rounds of one user follow each other; those of different users run beside each other. */
export class PerUser<Q, A> {
  private readonly waiting = new Map<string, Waiting<Q, A>[]>();
  private readonly running = new Map<string, Promise<void>>();

  /** `round` gets what has come for a user, at least one, and gives an answer to each, in order. */
  constructor(private readonly round: (user: string, questions: readonly Q[]) => Promise<readonly A[]>) {}

  /** Resolves with the answer; rejects as its round does. */
  ask(user: string, question: Q): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const list = this.waiting.get(user) ?? [];
      list.push({ question, resolve, reject });
      this.waiting.set(user, list);
      if (!this.running.has(user)) this.running.set(user, this.run(user));
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  private async run(user: string): Promise<void> {
    await Promise.resolve(); // let what comes in this turn join
    for (let batch = this.waiting.get(user); batch !== undefined; batch = this.waiting.get(user)) {
      this.waiting.delete(user);
      await this.answer(user, batch);
    }
    this.running.delete(user);
  }

  private async answer(user: string, batch: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await this.round(
        user,
        batch.map(({ question }) => question),
      );
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
