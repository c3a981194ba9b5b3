/** Keeps the server told which topics are paused. */

/** What to change. */
export interface PauseChange {
  readonly pause: string[];
  readonly resume: string[];
}

/** Options of `PauseSync`. */
export interface PauseSyncOptions {
  /** Tells the server of the stream that is open now. */
  readonly tell: (change: PauseChange) => Promise<void>;
  /** Telling failed, so that nobody knows what the server has paused: the stream is to be opened anew. */
  readonly onFailed: (error: unknown) => void;
}

/** Tells changes one after the other, so that a late pause never overtakes a resume, and joins those that come meanwhile. */
export class PauseSync {
  /** What is wished for. */
  readonly paused = new Set<string>();

  /** What the server of the open stream has paused; `null` without a stream. */
  private told: ReadonlySet<string> | null = null;
  private telling = false;

  constructor(private readonly options: PauseSyncOptions) {}

  /** Wishes a pause. */
  pause(topics: readonly string[]): void {
    for (const topic of topics) this.paused.add(topic);
    void this.sync();
  }

  /** Wishes the end of a pause. */
  resume(topics: readonly string[]): void {
    for (const topic of topics) this.paused.delete(topic);
    void this.sync();
  }

  /** A stream has begun: its server has nothing paused. */
  begin(): void {
    this.told = new Set();
    void this.sync();
  }

  /** The stream is gone: nobody is told anything. */
  end(): void {
    this.told = null;
  }

  private async sync(): Promise<void> {
    if (this.telling) return;
    this.telling = true;
    for (let told = this.told; told !== null; told = this.told) {
      const change = changeOf(told, this.paused);
      if (change.pause.length + change.resume.length === 0) break;
      await this.step(told, change);
    }
    this.telling = false;
  }

  private async step(told: ReadonlySet<string>, change: PauseChange): Promise<void> {
    const wished = new Set(this.paused);
    try {
      await this.options.tell(change);
      if (this.told === told) this.told = wished;
    } catch (error) {
      if (this.told !== told) return;
      this.told = null;
      this.options.onFailed(error);
    }
  }
}

function changeOf(told: ReadonlySet<string>, wished: ReadonlySet<string>): PauseChange {
  return {
    pause: [...wished].filter((topic) => !told.has(topic)),
    resume: [...told].filter((topic) => !wished.has(topic)),
  };
}
