/** Tests that break the Kafka under one installation of Marid, each as if it were the first. */
import { afterAll, beforeAll } from '@jest/globals';
import { BreakableKafka, KafkaMarid, type KafkaMaridOptions } from './kafka-marid.js';

/** What a test gets. */
export interface KafkaWorld {
  readonly kafka: BreakableKafka;
  readonly marid: KafkaMarid;
}

/** How the installation is started. */
export type StartMarid = (kafka: BreakableKafka) => KafkaMaridOptions;

/** States: without an installation (first, and after a test that failed); with one, which tests that pass hand on. `run` is the one place of change. */
export class KafkaChaos {
  private kafka: BreakableKafka | null = null;
  private marid: KafkaMarid | null = null;

  private constructor(private readonly options: StartMarid) {}

  /** Registers the hooks of the block that is being defined: a broker and a first installation. */
  static define(timeoutMs: number, options: StartMarid = () => ({})): KafkaChaos {
    const chaos = new KafkaChaos(options);
    beforeAll(async () => {
      chaos.kafka = await BreakableKafka.start();
    }, timeoutMs);
    afterAll(async () => {
      await chaos.marid?.close();
      await chaos.kafka?.stop();
    }, timeoutMs);
    return chaos;
  }

  /** A test's function, which begins with a broker that is whole. */
  over(test: (world: KafkaWorld) => Promise<void>): () => Promise<void> {
    return () => this.run(test);
  }

  private async run(test: (world: KafkaWorld) => Promise<void>): Promise<void> {
    const { kafka } = this;
    if (kafka === null) throw new Error('the broker has not been started');
    await kafka.heal();
    const marid = this.marid ?? (await KafkaMarid.start(kafka, this.options(kafka)));
    this.marid = marid;
    marid.forgetCalls();
    try {
      await test({ kafka, marid });
    } catch (error) {
      this.marid = null;
      await kafka.heal();
      await marid.close();
      throw error;
    }
  }
}
