/** Which file of a job comes from where and goes where: Genie's layout of the job's directory. Pure. */
import { archiveFolder } from '../../../core/files/archive-name.js';
import type { JobAttachment, JobSpecification } from '../../../core/job/job.js';
import type { SetupFile } from '../script/run-script.js';
import { fileNameOf, isFileName } from './file-name.js';
import { StagingFailure } from './staging.js';

/** One file to place. */
export interface PlannedFile {
  readonly uri: string;
  /** Path below the job's directory. */
  readonly target: string;
  /** Whether the job gets a copy of its own: setup files may edit configurations, as with Genie. The rest is shared and read-only. */
  readonly writable: boolean;
}

/** An archive to unpack when it has been placed. */
export interface PlannedTree {
  readonly uri: string;
  /** Paths below the job's directory. */
  readonly archive: string;
  readonly folder: string;
}

/** Everything to place. */
export interface FilePlan {
  readonly files: readonly PlannedFile[];
  readonly trees: readonly PlannedTree[];
  /** Folders to have, below the job's directory. */
  readonly folders: readonly string[];
  /** In the order in which they are sourced. */
  readonly setupFiles: readonly SetupFile[];
}

/** Nothing to place. */
export const EMPTY_PLAN: FilePlan = { files: [], trees: [], folders: [], setupFiles: [] };

/** Files of the layout that nothing may replace, by path. */
const RESERVED = ['run', 'stdout', 'stderr', 'genie'];

interface Entity {
  /** `cluster x`, `job x`. */
  readonly owner: string;
  /** Its folder, with a `/` at the end; empty for the job. */
  readonly folder: string;
  readonly configFolder: string;
  readonly dependencyFolder: string;
  readonly files: {
    readonly configs: readonly string[];
    readonly dependencies: readonly string[];
    readonly unpack?: readonly string[];
    readonly setupFile: string | null;
  };
}

/** The plan of a job. Throws `StagingFailure`, the job's own, when two files aim at one place or a URI has no file name. */
export function planFiles(specification: JobSpecification): FilePlan {
  const entities = entitiesOf(specification);
  const targets = new Map(RESERVED.map((name) => [name, 'the job directory itself']));
  const attachments = (specification.request.attachments ?? []).map(attachedFile);
  const files = [...entities.flatMap(filesOf), ...attachments].filter((file) => claimTarget(targets, file));
  if (files.length === 0) return EMPTY_PLAN;
  const trees = entities.flatMap(treesOf).filter(({ uri, folder }) => claimTarget(targets, { uri, target: folder }));
  const folders = entities.slice(0, -1).flatMap((entity) => [entity.configFolder, entity.dependencyFolder]);
  const setupFiles = entities
    .filter((entity) => entity.files.setupFile !== null)
    .map(({ owner, folder }) => ({ owner, path: `${folder}genie_setup.sh` }));
  return { files, trees, folders, setupFiles };
}

/** In the order in which they are set up; the job last. */
function entitiesOf({ jobId, request, resolution }: JobSpecification): readonly Entity[] {
  return [
    entity('cluster', 'genie/cluster', resolution.cluster),
    ...resolution.applications.map((application) => entity('application', 'genie/applications', application)),
    entity('command', 'genie/command', resolution.command),
    { owner: `job ${jobId}`, folder: '', configFolder: '', dependencyFolder: '', files: request },
  ];
}

function entity(kind: string, parent: string, resource: Entity['files'] & { readonly id: string }): Entity {
  if (!isFileName(resource.id)) {
    const message = `The id ${JSON.stringify(resource.id)} of the ${kind} cannot be the name of a folder.`;
    throw new StagingFailure('INVALID_ID', message, false);
  }
  const folder = `${parent}/${resource.id}/`;
  const folders = { folder, configFolder: `${folder}config/`, dependencyFolder: `${folder}dependencies/` };
  return { owner: `${kind} ${resource.id}`, ...folders, files: resource };
}

function filesOf({ folder, configFolder, dependencyFolder, files }: Entity): readonly PlannedFile[] {
  const named = (to: string, uri: string): string => `${to}${fileNameOf(uri)}`;
  const setup = files.setupFile === null ? [] : [{ uri: files.setupFile, target: `${folder}genie_setup.sh` }];
  const configs = files.configs.map((uri) => ({ uri, target: named(configFolder, uri), writable: true }));
  const dependencies = [...files.dependencies, ...(files.unpack ?? [])].map((uri) => ({
    uri,
    target: named(dependencyFolder, uri),
  }));
  return [
    ...setup.map((file) => ({ ...file, writable: false })),
    ...configs,
    ...dependencies.map((file) => ({ ...file, writable: false })),
  ];
}

/** Its name was checked when the job was submitted; a directory must never rest on that alone. */
function attachedFile({ name, sha256 }: JobAttachment): PlannedFile {
  if (isFileName(name)) return { uri: `marid-attachment:${sha256}`, target: name, writable: false };
  throw new StagingFailure('INVALID_NAME', `${JSON.stringify(name)} cannot be the name of an attachment.`, false);
}

function treesOf({ dependencyFolder, files }: Entity): readonly PlannedTree[] {
  return (files.unpack ?? []).map((uri) => {
    const archive = fileNameOf(uri);
    const folder = archiveFolder(archive);
    if (folder !== null && isFileName(folder)) {
      return { uri, archive: dependencyFolder + archive, folder: dependencyFolder + folder };
    }
    throw new StagingFailure('INVALID_URI', `${JSON.stringify(uri)} is not the URI of an archive.`, false);
  });
}

/** Takes the place of a file or folder. False when the same URI has it already. */
function claimTarget(targets: Map<string, string>, file: Pick<PlannedFile, 'uri' | 'target'>): boolean {
  const other = targets.get(file.target);
  if (other === file.uri) return false;
  if (other !== undefined) {
    const message = `Two files aim at ${JSON.stringify(file.target)} of the job directory: ${other} and ${file.uri}.`;
    throw new StagingFailure('FILE_CONFLICT', message, false);
  }
  targets.set(file.target, file.uri);
  return true;
}
