/**
 * Pairs as Python's `urlencode` writes them into addresses and forms, which is what Dify sends: `~` stays as it is
 * and `*` does not, other than in the URL standard.
 */
export const encodeForm = (pairs: Iterable<readonly [string, string]>): string =>
  new URLSearchParams(Array.from(pairs, ([name, value]) => [name, value]))
    .toString()
    .replaceAll("%7E", "~")
    .replaceAll("*", "%2A");
