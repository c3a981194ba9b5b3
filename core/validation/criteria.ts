/** Checks of criteria. */
import { reservedTag } from '../matching/criterion.js';
import { CLUSTER_STATUSES, COMMAND_STATUSES } from '../registry/resource.js';
import type { Criterion } from '../registry/resource.js';
import { optionalLabelProblem, tagProblem } from './fields.js';
import { idProblem } from './ids.js';
import { LIMITS } from './limits.js';
import { quote } from './text.js';
import type { Violations } from './violations.js';

const STATUSES = { command: COMMAND_STATUSES, cluster: CLUSTER_STATUSES } as const;

/** Kind of entries that a criterion selects. */
export type CriterionKind = keyof typeof STATUSES;

/** Notes everything that is wrong with a criterion for entries of a kind. */
export function checkCriterion(violations: Violations, field: string, kind: CriterionKind, criterion: Criterion): void {
  if (isEmpty(criterion)) {
    violations.add(field, 'is empty; give at least one of id, name, version, status or tags');
    return;
  }
  if (given(criterion.id)) violations.add(`${field}.id`, idProblem(criterion.id));
  if (given(criterion.name)) violations.add(`${field}.name`, optionalLabelProblem(criterion.name));
  if (given(criterion.version)) violations.add(`${field}.version`, optionalLabelProblem(criterion.version));
  if (given(criterion.status)) violations.add(`${field}.status`, statusProblem(kind, criterion.status));
  violations.addEach(`${field}.tags`, criterion.tags, LIMITS.tags, criterionTagProblem);
}

/** Notes everything that is wrong with a list of cluster criteria. */
export function checkClusterCriteria(violations: Violations, field: string, criteria: readonly Criterion[]): void {
  violations.addCount(field, criteria.length, LIMITS.clusterCriteria);
  for (const [index, criterion] of criteria.slice(0, LIMITS.clusterCriteria).entries()) {
    checkCriterion(violations, `${field}[${index}]`, 'cluster', criterion);
  }
}

function statusProblem(kind: CriterionKind, status: string): string | null {
  const known: readonly string[] = STATUSES[kind];
  return known.includes(status) ? null : `is ${quote(status)}; a ${kind} has one of ${known.join(', ')}`;
}

function criterionTagProblem(tag: string): string | null {
  const reserved = reservedTag(tag);
  if (reserved === null) return tagProblem(tag);
  return reserved.part === 'id' ? idProblem(reserved.value) : optionalLabelProblem(reserved.value);
}

function isEmpty({ id, name, version, status, tags }: Criterion): boolean {
  return ![id, name, version, status].some(given) && tags.length === 0;
}

function given(part: string | null): part is string {
  return part !== null && part !== '';
}
