/** A subscription of the simulated log. */
import type { LogSubscription, PartitionOffset, SubscribeOptions, TopicPartition } from '../../core/ports/topic-log.js';
import { refusal, type Link } from './link.js';
import { placeOf, type SimBroker } from './sim-broker.js';

/** Longest time until new records are delivered, milliseconds. */
const DELIVER_MS = 30;
/** How often a reader that cannot reach the log looks again, milliseconds. */
const LOOK_AGAIN_MS = 500;
/** Most records of a partition in one delivery. */
const BATCH = 20;
/** How long a group waits for a member that is paused or has crashed, milliseconds, at least and at most. */
const SESSION_MS = [1000, 8000] as const;

/**
 * States: joining -> reading (`assign`) -> put out (its process did not answer for the time of a session: it joins again when it goes on) -> reading ...; broken (`break`); closed. Records are delivered
 * at least once: whoever gets a partition reads on from the offsets that the group has committed.
 */
export class SimSubscription implements LogSubscription {
  readonly group: string | null;
  readonly topics: readonly string[];
  #positions = new Map<string, PartitionOffset>();
  #generation = 0;
  #paused = new Set<string>();
  #open = true;
  #out = false;
  #delivery: (() => void) | null = null;

  constructor(
    private readonly options: SubscribeOptions,
    private readonly broker: SimBroker,
    private readonly link: Link,
  ) {
    const { start, topics } = options;
    this.group = start.kind === 'group' ? start.group : null;
    this.topics = topics;
    link.options.process.onEnd(() => this.#end());
    link.options.process.onPause(() => this.#suspect());
  }

  /** Begins to read. */
  begin(): void {
    this.broker.join(this);
    const { start } = this.options;
    if (start.kind === 'group') return;
    const named = new Map(start.positions.map((place) => [placeOf(place), place]));
    const all = this.topics.flatMap((topic) => this.broker.topic(topic).map((_, partition) => ({ topic, partition })));
    this.#positions = new Map(all.map((each) => [placeOf(each), named.get(placeOf(each)) ?? { ...each, offset: 0 }]));
    this.wake();
  }

  /** New partitions, which the member learns when its process runs. */
  assign(partitions: readonly TopicPartition[], generation: number): void {
    this.link.options.process.dispatch(() => {
      if (!this.#open || generation <= this.#generation) return;
      this.#generation = generation;
      const kept = this.#positions;
      const from = (each: TopicPartition): number => this.broker.committed(this.group ?? '', each);
      const place = (each: TopicPartition): PartitionOffset =>
        kept.get(placeOf(each)) ?? { ...each, offset: from(each) };
      this.#positions = new Map(partitions.map((each) => [placeOf(each), place(each)]));
      this.options.onAssignment?.(partitions);
      this.wake();
    });
  }

  /** There may be something to read. */
  wake(): void {
    if (!this.#open || this.#delivery !== null) return;
    const { timeline, random, process, weather } = this.link.options;
    const chance = random.next();
    const afterMs = this.link.isUp ? chance * DELIVER_MS + (1 - chance / 2) * weather.lagMs : LOOK_AGAIN_MS;
    this.#delivery = timeline.at(afterMs, () => {
      process.dispatch(() => {
        this.#delivery = null;
        this.#deliver();
      });
    });
  }

  /** The log ends the subscription by itself. */
  break(): void {
    if (!this.#open) return;
    this.#end();
    this.link.options.process.dispatch(() => this.options.onBroken(refusal()));
  }

  async commit({ offsets }: { readonly offsets: readonly PartitionOffset[] }): Promise<void> {
    await this.link.call(() => {
      const owned = offsets.filter((place) => this.#open && this.#positions.has(placeOf(place)));
      this.broker.commit(this.group ?? '', owned);
    });
  }

  pause({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.#paused.add(topic);
  }

  resume({ topics }: { readonly topics: readonly string[] }): void {
    for (const topic of topics) this.#paused.delete(topic);
    this.wake();
  }

  async close(): Promise<void> {
    if (this.#open) this.broker.leave(this);
    this.#open = false;
  }

  #deliver(): void {
    if (!this.#open) return;
    if (!this.link.isUp) return this.wake();
    let more = false;
    for (const [key, place] of [...this.#positions]) {
      if (this.#paused.has(place.topic)) continue;
      const records = this.broker.read(place, BATCH);
      if (records.length === 0) continue;
      this.#positions.set(key, { ...place, offset: place.offset + records.length });
      more ||= records.length === BATCH;
      this.options.onRecords(records);
    }
    if (more) this.wake();
  }

  /** Its process is paused: if that lasts, its partitions go to others, and it joins again as soon as its process goes on. */
  #suspect(): void {
    const { process, timeline } = this.link.options;
    timeline.at(this.#sessionMs(), () => {
      if (this.#open && !this.#out && this.group !== null && process.state === 'paused') this.#putOut();
    });
  }

  #putOut(): void {
    this.#out = true;
    this.broker.leave(this);
    this.link.options.process.dispatch(() => {
      this.#out = false;
      if (!this.#open) return;
      this.#positions = new Map();
      this.options.onAssignment?.([]);
      this.broker.join(this);
    });
  }

  /** Closed by the end of its process, of which the log learns later, or by the log. */
  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.link.options.timeline.at(this.#sessionMs(), () => this.broker.leave(this));
  }

  #sessionMs(): number {
    const [least, most] = SESSION_MS;
    return least + this.link.options.random.next() * (most - least);
  }
}
