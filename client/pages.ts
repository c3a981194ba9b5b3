/** Lists over all of their pages. */

/** One page of any list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Token of the next page; empty on the last one. */
  readonly nextPageToken: string;
}

/** The items of all pages, at most `limit`; a page is fetched when its first item is asked for. */
export async function* allPages<T>(
  fetch: (options: { readonly pageToken: string; readonly pageSize: number }) => Promise<Page<T>>,
  options: { readonly pageSize: number; readonly limit?: number | undefined },
): AsyncGenerator<T, void, undefined> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let pageToken = '';
  while (left > 0) {
    const page = await fetch({ pageToken, pageSize: options.pageSize });
    for (const item of page.items.slice(0, left)) yield item;
    left -= page.items.length;
    pageToken = page.nextPageToken;
    if (pageToken === '') return;
  }
}
