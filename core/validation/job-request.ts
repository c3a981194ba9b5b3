/** What is wrong with a job's request. */
import { globProblem } from '../archive/glob.js';
import type { FieldViolation } from '../errors/marid-error.js';
import type { JobRequest } from '../job/job.js';
import { shellSecretProblem } from '../secrets/reference.js';
import { checkAttachments } from './attachments.js';
import { checkClusterCriteria, checkCriterion } from './criteria.js';
import {
  checkApplicationIds,
  memoryProblem,
  metadataProblem,
  optionalLabelProblem,
  requiredLabelProblem,
  tagProblem,
  textProblem,
} from './fields.js';
import { poolProblem } from './ids.js';
import { checkJobLimits } from './job-limits.js';
import { LIMITS } from './limits.js';
import { checkArguments, checkEnvironment } from './program.js';
import { quote } from './text.js';
import { archiveProblem, uriProblem } from './uris.js';
import { Violations } from './violations.js';

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

/**
 * Everything that is wrong with a request, with paths in proto field names below `path`, for example
 * `job.cluster_criteria[0].tags[1]`; empty when nothing is. Never throws.
 */
export function validateJobRequest(request: JobRequest, path: string): readonly FieldViolation[] {
  const violations = new Violations();
  checkLabels(violations, path, request);
  checkSelection(violations, path, request);
  checkArguments(violations, `${path}.arguments`, request.arguments);
  violations.add(`${path}.raw_arguments`, textProblem(request.rawArguments, LIMITS.rawArgumentsCharacters));
  violations.add(`${path}.raw_arguments`, shellSecretProblem(request.rawArguments));
  checkEnvironment(violations, `${path}.environment`, request.environment);
  checkFiles(violations, path, request);
  checkExecution(violations, path, request);
  return violations.found;
}

function checkLabels(violations: Violations, path: string, request: JobRequest): void {
  if (request.name !== '') violations.add(`${path}.name`, requiredLabelProblem(request.name));
  violations.add(`${path}.user`, requiredLabelProblem(request.user));
  violations.add(`${path}.version`, optionalLabelProblem(request.version));
  violations.add(`${path}.description`, textProblem(request.description, LIMITS.descriptionCharacters));
  violations.add(`${path}.metadata`, metadataProblem(request.metadata));
  violations.addEach(`${path}.tags`, request.tags, LIMITS.tags, tagProblem);
  violations.add(`${path}.grouping`, optionalLabelProblem(request.grouping));
  violations.add(`${path}.grouping_instance`, optionalLabelProblem(request.groupingInstance));
  violations.add(`${path}.group`, optionalLabelProblem(request.group));
  violations.add(`${path}.email`, emailProblem(request.email));
}

function checkSelection(violations: Violations, path: string, request: JobRequest): void {
  if (request.clusterCriteria.length === 0) {
    violations.add(`${path}.cluster_criteria`, 'is empty; give at least one criterion, best first');
  }
  checkClusterCriteria(violations, `${path}.cluster_criteria`, request.clusterCriteria);
  checkCriterion(violations, `${path}.command_criterion`, 'command', request.commandCriterion);
  checkApplicationIds(violations, `${path}.application_ids`, request.applicationIds);
}

function checkFiles(violations: Violations, path: string, request: JobRequest): void {
  violations.addEach(`${path}.configs`, request.configs, LIMITS.uris, uriProblem);
  violations.addEach(`${path}.dependencies`, request.dependencies, LIMITS.uris, uriProblem);
  violations.addEach(`${path}.unpack`, request.unpack ?? [], LIMITS.uris, archiveProblem);
  if (request.setupFile !== null) violations.add(`${path}.setup_file`, uriProblem(request.setupFile));
  checkAttachments(violations, `${path}.attachments`, request.attachments ?? []);
  const { excludes = [] } = request.archive ?? {};
  violations.addEach(`${path}.archive.excludes`, excludes, LIMITS.archiveExcludes, globProblem);
}

function checkExecution(violations: Violations, path: string, request: JobRequest): void {
  violations.add(`${path}.memory_mb`, memoryProblem(request.memoryMb));
  violations.add(`${path}.timeout`, timeoutProblem(request.timeoutMs));
  violations.add(`${path}.max_attempts`, attemptsProblem(request.maxAttempts));
  if (request.limits !== undefined) checkJobLimits(violations, `${path}.limits`, request.limits);
  if (request.pool !== '') violations.add(`${path}.pool`, poolProblem(request.pool));
}

function timeoutProblem(timeoutMs: number | null): string | null {
  if (timeoutMs === null || (Number.isFinite(timeoutMs) && timeoutMs >= LIMITS.timeoutMs)) return null;
  return `is ${timeoutMs / 1000} s; it must be at least ${LIMITS.timeoutMs / 1000} s, or absent for the default`;
}

function attemptsProblem(attempts: number | null): string | null {
  if (attempts === null) return null;
  if (Number.isInteger(attempts) && attempts >= 1 && attempts <= LIMITS.attempts) return null;
  return `is ${attempts}; it must be 1 to ${LIMITS.attempts}, or 0 for the default`;
}

function emailProblem(email: string): string | null {
  const problem = optionalLabelProblem(email);
  if (problem !== null || email === '' || ADDRESS.test(email)) return problem;
  return `is ${quote(email)}; give an address such as ada@example.org`;
}
