import { z } from "zod";
import { json } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { Integer, parseParams } from "./params.ts";
import type { ApiRequest } from "./router.ts";

const Page = z.object({ page: Integer.nullish(), per_page: Integer.nullish() });

/** GitLab's page size where none is asked for, and its ceiling. */
const DEFAULT_SIZE = 20;
const LARGEST_SIZE = 100;

const linkTo = (url: URL, base: string, page: number, size: number): string => {
  const query = new URLSearchParams(url.search);
  query.set("page", String(page));
  query.set("per_page", String(size));
  return `${base}${url.pathname}?${query.toString()}`;
};

/**
 * One page of a list with `X-Next-Page` (empty on the last page), its siblings and `Link`. A size above the
 * ceiling is cut to it silently, as GitLab does.
 */
export const paginate = async <T>(
  request: ApiRequest,
  items: readonly T[],
  present: (item: T) => unknown,
  ceiling: number = LARGEST_SIZE,
): Promise<Answer> => {
  const input = parseParams(Page, request.params);
  const size = Math.min(Math.max(input.per_page ?? DEFAULT_SIZE, 1), ceiling);
  const page = Math.max(input.page ?? 1, 1);
  const pages = Math.max(Math.ceil(items.length / size), 1);
  const shown: unknown[] = [];
  for (const item of items.slice((page - 1) * size, page * size)) shown.push(await present(item));
  const link = (target: number, rel: string): string =>
    `<${linkTo(request.url, request.context.world.url, target, size)}>; rel="${rel}"`;
  const links = [
    ...(page > 1 ? [link(page - 1, "prev")] : []),
    ...(page < pages ? [link(page + 1, "next")] : []),
    link(1, "first"),
    link(pages, "last"),
  ];
  return json(shown, 200, {
    "X-Page": String(page),
    "X-Per-Page": String(size),
    "X-Next-Page": page < pages ? String(page + 1) : "",
    "X-Prev-Page": page > 1 ? String(page - 1) : "",
    "X-Total": String(items.length),
    "X-Total-Pages": String(pages),
    Link: links.join(", "),
  });
};
