/** The caches of a node: files, and archives that were unpacked. */
import { DependencyCache, type DependencyCacheOptions } from './dependency-cache.js';
import { TreeCache, type TreeSettings } from './tree-cache.js';

/** Both, in one folder. */
export interface Caches {
  readonly files: DependencyCache;
  readonly trees: TreeCache;
}

/** Reads what is there. */
export async function openCaches(
  options: DependencyCacheOptions & { readonly settings: TreeSettings },
): Promise<Caches> {
  return { files: await DependencyCache.open(options), trees: await TreeCache.open(options) };
}
