/** Matching with everything that it needs from this process. */
import type { JobRequest } from '../../../core/job/job.js';
import { explainMatch, resolveJob, type CommandMatch, type ResolveOutcome } from '../../../core/matching/resolve.js';
import type { LoadView, MatchDefaults } from '../../../core/matching/resolve.js';
import type { Selector } from '../../../core/matching/selectors.js';
import type { Random } from '../../../core/ports/random.js';
import type { RegistryKeeper } from '../registry/registry-keeper.js';

/** Options of `Matcher`. */
export interface MatcherOptions {
  readonly keeper: RegistryKeeper;
  readonly defaults: MatchDefaults;
  readonly commandSelector: Selector;
  readonly clusterSelector: Selector;
  readonly load: LoadView;
  readonly random: Random;
}

/** Chooses command, cluster and applications over the registry as it is known now. */
export class Matcher {
  constructor(private readonly options: MatcherOptions) {}

  /** What a job of this request would run as, by everything that was registered before the call. */
  async resolve(request: JobRequest): Promise<ResolveOutcome> {
    const { keeper, ...rest } = this.options;
    await keeper.fresh();
    return resolveJob({ ...rest, index: keeper.index, request });
  }

  /** What matching says of every command. */
  explain(request: JobRequest): readonly CommandMatch[] {
    return explainMatch(this.options.keeper.index, request);
  }
}
