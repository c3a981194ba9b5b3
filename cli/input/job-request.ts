/** From a file and options to the request of a job. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { invalidArgument, MaridError, type FieldViolation } from '../../core/errors/marid-error.js';
import { CriterionSchema } from '../../proto/gen/marid/v1/criterion_pb.js';
import {
  ArchiveRequestSchema,
  JobLimitsSchema,
  JobRequestSchema,
  type JobRequest,
} from '../../proto/gen/marid/v1/job_pb.js';
import type { CliContext } from '../context.js';
import type { JobOptions } from '../commands/job-options.js';
import type { CriterionInput } from '../parse/criterion.js';
import { readDocuments, type SourceDocument } from './documents.js';
import { readMessage } from './to-message.js';

/** What to submit. */
export interface JobInput {
  /** Id that was asked for. */
  readonly id: string | undefined;
  readonly request: JobRequest;
}

/** The request of the file, if there is one, overridden by the options and the arguments behind `--`. */
export async function readJobInput(
  context: CliContext,
  options: JobOptions,
  args: readonly string[],
): Promise<JobInput> {
  const fromFile = options.file === undefined ? null : await readJobFile(context, options.file);
  const request = fromFile?.request ?? create(JobRequestSchema);
  if (request.user === '') request.user = context.userName();
  editRequest(request, options, args);
  return { id: options.id ?? fromFile?.id, request };
}

/** Puts what the options and the arguments behind `--` say into the request. */
export function editRequest(request: JobRequest, options: JobOptions, args: readonly string[]): void {
  overrideIdentity(request, options);
  overrideMatching(request, options);
  overrideExecution(request, options);
  if (args.length > 0) request.arguments = [...args];
}

async function readJobFile(context: CliContext, file: string): Promise<JobInput> {
  const [document, ...more] = await readDocuments(context, [file]);
  if (document === undefined) throw new MaridError('INVALID_ARGUMENT', `${file} is empty: it must hold one job.`);
  if (more.length > 0) throw new MaridError('INVALID_ARGUMENT', `${file} holds several documents: a job is one.`);
  const problems: FieldViolation[] = [];
  const id = readJobId(document, problems);
  const request = readMessage(JobRequestSchema, document, { except: ['apiVersion', 'kind', 'id'], problems });
  if (request === null || problems.length > 0) throw invalidArgument(problems);
  return { id, request };
}

/** The id that a document asks for; `kind`, if it is there, must be `Job`. */
export function readJobId(document: SourceDocument, problems: FieldViolation[]): string | undefined {
  const { value } = document;
  if (typeof value !== 'object' || value === null) return undefined;
  if ('kind' in value && value.kind !== 'Job') problems.push(document.problem(['kind'], 'must be Job'));
  if (!('id' in value)) return undefined;
  return typeof value.id === 'string' ? value.id : (document.sourceOf(['id']) ?? undefined);
}

function overrideIdentity(request: JobRequest, options: JobOptions): void {
  if (options.name !== undefined) request.name = options.name;
  if (options.user !== undefined) request.user = options.user;
  if (options.group !== undefined) request.group = options.group;
  if (options.jobVersion !== undefined) request.version = options.jobVersion;
  if (options.description !== undefined) request.description = options.description;
  if (options.tag !== undefined) request.tags = [...options.tag];
  if (options.grouping !== undefined) request.grouping = options.grouping;
  if (options.groupingInstance !== undefined) request.groupingInstance = options.groupingInstance;
}

function overrideMatching(request: JobRequest, options: JobOptions): void {
  const clusters = options.clusterCriterion ?? tagsOnly(options.clusterTag);
  if (clusters !== undefined) request.clusterCriteria = clusters.map(toCriterion);
  const [command] =
    options.commandCriterion === undefined ? (tagsOnly(options.commandTag) ?? []) : [options.commandCriterion];
  if (command !== undefined) request.commandCriterion = toCriterion(command);
  if (options.application !== undefined) request.applicationIds = [...options.application];
}

function overrideExecution(request: JobRequest, options: JobOptions): void {
  if (options.memory !== undefined) request.memoryMb = options.memory;
  if (options.timeout !== undefined) request.timeout = durationFromMs(options.timeout);
  if (options.limit !== undefined) {
    request.limits = { ...(request.limits ?? create(JobLimitsSchema)), ...options.limit };
  }
  if (options.maxAttempts !== undefined) request.maxAttempts = options.maxAttempts;
  if (options.env !== undefined) request.environment = { ...request.environment, ...options.env };
  if (options.pool !== undefined) request.pool = options.pool;
  if (options.config !== undefined) request.configs = [...options.config];
  if (options.dependency !== undefined) request.dependencies = [...options.dependency];
  if (options.unpack !== undefined) request.unpack = [...options.unpack];
  if (options.setupFile !== undefined) request.setupFile = options.setupFile;
  if (options.rawArguments !== undefined) request.rawArguments = options.rawArguments;
  if (options.archive === false || options.archiveExclude !== undefined) {
    const excludes = options.archiveExclude ?? request.archive?.excludes ?? [];
    const disabled = options.archive === undefined ? (request.archive?.disabled ?? false) : !options.archive;
    request.archive = create(ArchiveRequestSchema, { disabled, excludes: [...excludes] });
  }
  if (options.timestamps === true) request.recordOutputTimes = true;
}

function tagsOnly(tags: readonly string[] | undefined): readonly CriterionInput[] | undefined {
  return tags === undefined ? undefined : [{ tags: [...tags] }];
}

function toCriterion(input: CriterionInput): JobRequest['clusterCriteria'][number] {
  const fields: MessageInitShape<typeof CriterionSchema> = input;
  return create(CriterionSchema, fields);
}
