/** Every limit on what users send, in one place. The same numbers stand in the comments of `proto/marid/v1/*.proto`. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Limits by what they bound; characters are Unicode code points, bytes are UTF-8. */
export const LIMITS = {
  /** Characters of an id. */
  idCharacters: 255,
  /** Characters of a pool's name: `marid.jobs.<pool>` has to stay a legal Kafka topic (249). */
  poolCharacters: 100,
  /** Characters of names, users, versions, groups, groupings, types and addresses. */
  nameCharacters: 255,
  /** Characters of a description. */
  descriptionCharacters: 1_000,
  /** Bytes of metadata as JSON. */
  metadataBytes: 16 * KIB,
  /** Tags of one entry, job or criterion. */
  tags: 100,
  /** Characters of a tag; in a criterion, the prefix that stands for id or name is not counted. */
  tagCharacters: 255,
  /** Cluster criteria of a job or command; matching looks at the product of both. */
  clusterCriteria: 32,
  /** Applications of a job or command. */
  applications: 100,
  /** Configuration files, and as many dependencies, of one job or entry. */
  uris: 1_000,
  /** Characters of a URI. */
  uriCharacters: 1_024,
  /** Program and first arguments of a command. */
  executableParts: 1_000,
  /** Characters of each of them. */
  executableCharacters: 1_024,
  /** Arguments of a job: with their pointers, the bytes below and the environment they fit in Linux's 2 MiB (execve(2)). */
  arguments: 50_000,
  /** Bytes of all arguments. */
  argumentsBytes: MIB,
  /** Bytes of one argument: what Linux passes to a program (MAX_ARG_STRLEN of execve(2), less the final NUL). */
  argumentBytes: 128 * KIB - 1,
  /** Characters of raw shell text. */
  rawArgumentsCharacters: 10_000,
  /** Environment variables of a job. */
  environmentVariables: 1_000,
  /** Characters of the name of one. */
  environmentNameCharacters: 255,
  /** Bytes of the value of one. */
  environmentValueBytes: 32 * KIB,
  /** Bytes of all names and values. */
  environmentBytes: 256 * KIB,
  /** MiB that one job may reserve: 16 TiB, more than any machine has. */
  memoryMb: 16 * MIB,
  /** Shortest CPU time that a job may be limited to, in milliseconds: the kernel counts seconds. */
  cpuTimeMs: 1_000,
  /** Fewest open files that a job may be limited to: a shell and its pipes need some. */
  openFiles: 16,
  /** Shortest run time in milliseconds. */
  timeoutMs: 1_000,
  /** Patterns of files that a job leaves out of its archive. */
  archiveExcludes: 100,
  /** Attachments of a job. */
  attachments: 100,
  /** Bytes of the name of a file, on every common file system. */
  fileNameBytes: 255,
  /** Attempts that a job may ask for. */
  attempts: 100,
  /** Violations that are told at once; the rest of a hopeless request is left out. */
  violations: 100,
} as const;
