/** Chooses command, cluster and applications for a request (Genie's resolution, steps 1 to 8). */
import type { JobRequest, Resolution } from '../job/job.js';
import type { Random } from '../ports/random.js';
import type { Application, Cluster, Command } from '../registry/resource.js';
import { clustersOf, findCandidates } from './candidates.js';
import type { Candidate } from './candidates.js';
import { sayNoMatch } from './no-match.js';
import type { RegistryIndex } from './registry-index.js';
import type { Candidates, Choice, LoadView, Selector } from './selectors.js';
import { capitalise, plural, show, showAll } from './wording.js';

export { explainMatch } from './explain.js';
export type { CommandMatch } from './explain.js';
export type { LoadView } from './selectors.js';

/** What a job gets that neither it nor its command says. */
export interface MatchDefaults {
  /** MiB to reserve. */
  readonly memoryMb: number;
  /** Longest run time of an attempt in milliseconds. */
  readonly timeoutMs: number;
}

/** Options of `resolveJob`. */
export interface ResolveOptions {
  readonly index: RegistryIndex;
  readonly request: JobRequest;
  readonly defaults: MatchDefaults;
  /** Chooses among the commands that match and have a cluster. */
  readonly commandSelector: Selector;
  /** Chooses among the clusters of the chosen command. */
  readonly clusterSelector: Selector;
  /** How busy clusters are. */
  readonly load: LoadView;
  readonly random: Random;
}

/** What a request becomes. */
export type ResolveOutcome =
  | {
      readonly kind: 'matched';
      readonly resolution: Resolution;
      /** What was chosen and why, one or two sentences. */
      readonly explanation: string;
    }
  | {
      readonly kind: 'none';
      /** What came closest, one or two sentences. */
      readonly message: string;
    };

/** Resolves a request. Pure: chance comes from `random`, and equal candidates are always in the order of their ids. */
export function resolveJob(options: ResolveOptions): ResolveOutcome {
  const { index, request, defaults } = options;
  const choices = choose(options, findCandidates(index, request));
  if (choices === null) return { kind: 'none', message: sayNoMatch(index, request) };
  const command = choices.command.chosen;
  const { found, missing } = findApplications(index, request, command);
  if (missing.length > 0) return { kind: 'none', message: sayMissing(request, command, missing) };
  const resolution = {
    cluster: choices.cluster.chosen,
    command,
    applications: found,
    memoryMb: request.memoryMb ?? command.memoryMb ?? defaults.memoryMb,
    timeoutMs: request.timeoutMs ?? defaults.timeoutMs,
  };
  return { kind: 'matched', resolution, explanation: sayChoices(options, choices) };
}

interface Choices {
  readonly candidate: Candidate;
  readonly command: Choice<Command>;
  readonly cluster: Choice<Cluster>;
}

/** One command of the candidates, then one of its clusters; `null` when there are no candidates. */
function choose(options: ResolveOptions, candidates: readonly Candidate[]): Choices | null {
  const { index, load, random } = options;
  const commands = nonEmpty(candidates.map((each) => each.command));
  if (commands === null) return null;
  const command = options.commandSelector.select(commands, { random, load: null });
  const candidate = candidates.find((each) => each.command === command.chosen);
  const clusters = candidate && nonEmpty(clustersOf(index, candidate));
  if (!candidate || !clusters) return null;
  return { candidate, command, cluster: options.clusterSelector.select(clusters, { random, load }) };
}

interface Applications {
  readonly found: readonly Application[];
  /** Ids that the registry does not have. */
  readonly missing: readonly string[];
}

/** The request's applications in its order, else the command's. Their status is not looked at. */
function findApplications(index: RegistryIndex, request: JobRequest, command: Command): Applications {
  const ids = request.applicationIds.length > 0 ? request.applicationIds : command.applicationIds;
  const found = ids.map((id) => index.get('application', id));
  return { found: found.filter((each) => each !== null), missing: ids.filter((_, at) => found[at] === null) };
}

function sayMissing(request: JobRequest, command: Command, missing: readonly string[]): string {
  const asker = request.applicationIds.length > 0 ? 'the job' : `command ${show(command.name)}`;
  const verb = missing.length === 1 ? 'is' : 'are';
  return `${capitalise(plural('application', missing.length))} ${showAll(missing)} of ${asker} ${verb} not in the registry.`;
}

function sayChoices(options: ResolveOptions, { candidate, command, cluster }: Choices): string {
  const criteria = `criterion ${candidate.jobCriterion + 1} of the job with ${candidate.commandCriterion + 1} of the command`;
  return (
    `Command ${sayChoice(command, options.commandSelector)}. ` +
    `Cluster ${sayChoice(cluster, options.clusterSelector)}; it matches cluster ${criteria}.`
  );
}

function sayChoice({ chosen, rationale }: Choice<Cluster | Command>, by: Selector): string {
  const id = chosen.id === chosen.name ? '' : ` (${show(chosen.id)})`;
  return `${show(chosen.name)}${id} was chosen by ${by.name}: ${rationale}`;
}

function nonEmpty<T>(items: readonly T[]): Candidates<T> | null {
  const [first, ...rest] = items;
  return first === undefined ? null : [first, ...rest];
}
