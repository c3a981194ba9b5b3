/** Keys that choose an engine, and what such a choice asks of the other keys. */

/** Something that does not hold, at its key. */
export interface ConfigProblem {
  readonly key: string;
  readonly message: string;
}

/** An engine that one key chooses and others describe. */
export interface EngineRule {
  /** Key that chooses. */
  readonly chosenBy: string;
  /** Its value for this engine. */
  readonly name: string;
  /** Key without which the engine cannot be reached. */
  readonly needs: string;
  /** Keys that mean nothing without the engine. */
  readonly keys: readonly string[];
}

/** Keys with their values; those that are wrong by themselves are missing. */
export type ConfigKeys = Readonly<Record<string, unknown>>;

/** What does not hold between the choice and the keys of the engine. */
export function choiceProblems(config: ConfigKeys, rule: EngineRule): readonly ConfigProblem[] {
  const { chosenBy, name, needs, keys } = rule;
  const choice = config[chosenBy];
  if (typeof choice !== 'string') return [];
  if (choice === name) {
    const message = `is required, because ${chosenBy} is ${name}`;
    return isGiven(config[needs]) || config[needs] === undefined ? [] : [{ key: needs, message }];
  }
  const message = `has no effect, because ${chosenBy} is ${choice}: say ${chosenBy}: ${name}, or leave it out`;
  return keys.filter((key) => isGiven(config[key])).map((key) => ({ key, message }));
}

/** Whether somebody has set a key that is empty, off or null by default. */
export function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== false;
}
