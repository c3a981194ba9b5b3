/** What the process that runs Jest answers to a test file that asks for an engine: one line of JSON. */

/** Names of the engines that tests can ask for. */
export const ENGINE_NAMES = ['kafka', 'mongo', 'redis', 's3'] as const;

/** Name of an engine that tests can ask for. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** A server that answers. */
export interface FoundEngine {
  readonly kind: 'found';
  /** One; three for redis. */
  readonly urls: readonly string[];
  readonly source: 'environment' | 'docker' | 'native stack';
  /** Product, version and source, for people: `Apache Kafka 3.9.2, native stack`. */
  readonly product: string;
  /** It only imitates the product. */
  readonly standIn: boolean;
}

/** Answer to a test file. */
export type EngineAnswer = FoundEngine | { readonly kind: 'absent'; readonly reason: string };

/** Reads an answer; an error if it is not one. */
export function decodeEngineAnswer(line: string): EngineAnswer {
  const answer = JSON.parse(line) as EngineAnswer;
  if (answer.kind !== 'found' && answer.kind !== 'absent') throw new Error(`not an answer about an engine: ${line}`);
  return answer;
}
