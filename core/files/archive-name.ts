/** Archives by their names. */

/** Kinds that can be unpacked. */
export type ArchiveKind = 'tar' | 'tar.gz' | 'zip';

const ENDINGS: readonly (readonly [ending: string, kind: ArchiveKind])[] = [
  ['.tar.gz', 'tar.gz'],
  ['.tgz', 'tar.gz'],
  ['.tar', 'tar'],
  ['.zip', 'zip'],
];

/** What kind of archive a file of this name is; null: none that can be unpacked. */
export function archiveKind(name: string): ArchiveKind | null {
  return find(name)?.[1] ?? null;
}

/** Name of the folder that an archive is unpacked to: its own without the ending; null when it is no archive, or nothing is left. */
export function archiveFolder(name: string): string | null {
  const ending = find(name)?.[0];
  return ending === undefined || ending.length === name.length ? null : name.slice(0, -ending.length);
}

function find(name: string): readonly [string, ArchiveKind] | undefined {
  return ENDINGS.find(([ending]) => name.toLowerCase().endsWith(ending));
}
