/**
 * What to add to the query for the next page, null on the last one. GitLab names it in `X-Next-Page`, and
 * in `Link` where it pages by keys. Of the link only the query is taken: behind a proxy its host may be
 * another, and the token must not follow it. A short page is no end.
 *
 * @see https://docs.gitlab.com/api/rest/#pagination
 */
export const findNextPage = (headers: Headers): Readonly<Record<string, string>> | null => {
  const page = headers.get("x-next-page")?.trim() ?? "";
  if (/^\d+$/.test(page)) return { page };
  for (const link of (headers.get("link") ?? "").split(/,\s*(?=<)/)) {
    const [, target, attributes] = /^\s*<([^>]*)>(.*)$/.exec(link) ?? [];
    if (target === undefined || !/;\s*rel="?next"?/i.test(attributes ?? "")) continue;
    const url = URL.parse(target, "http://relative.invalid");
    if (url !== null) return Object.fromEntries(url.searchParams);
  }
  return null;
};
