import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import { matchesPaths } from "../rules/match-paths.ts";

/** Somebody's wish to have everything reviewed anew that was reviewed before it. */
export type AnewWish = {
  readonly sinceMs: number;
  /** Globs, see `matchesPaths`; none for every file. */
  readonly paths: readonly string[];
};

const StoredWish = z.object({ sinceMs: z.number(), paths: z.array(z.string()) });

/** What the keys of wishes in a flow's memory begin with. */
export const ANEW_PREFIX = "anew:";

/** A wish as the memory keeps it. */
export const toStoredWish = (wish: AnewWish): Json => JsonObject.parse(wish);

/** Whether what is remembered of a file is passed over, by the wishes in a memory. */
export const passesOver = (
  entries: ReadonlyMap<string, Json>,
): ((path: string, reviewedAtMs: number) => boolean) => {
  const wishes = [...entries.values()].flatMap((stored) => {
    const parsed = StoredWish.safeParse(stored);
    return parsed.success ? [{ ...parsed.data, matches: matchesPaths(parsed.data.paths) }] : [];
  });
  return (path, reviewedAtMs) =>
    wishes.some(({ sinceMs, matches }) => reviewedAtMs < sinceMs && matches(path));
};
