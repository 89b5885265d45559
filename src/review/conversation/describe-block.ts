import { createHash } from "node:crypto";
import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import { publishAround } from "../publish-text.ts";

const START = "<!-- reviewflow:description -->";
const END = "<!-- reviewflow:description end -->";

/** The key of what we wrote into a merge request's description, in a flow's memory. */
export const DESCRIPTION_KEY = "description";

const StoredBlocks = z.object({ digests: z.array(z.string()) });

/** How many of our texts are known again: one that was written, and those whose writing may have failed. */
const MAX_DIGESTS = 5;

/** A description with our proposal; `written` is what the memory keeps before GitLab is given the text. */
export type Described = { readonly description: string; readonly written: Json };

/**
 * A merge request's description with our proposal, harmless Markdown, between two hidden lines: in the place of
 * the one before, or behind what is there. Such lines count only around a text that we wrote, which `stored`
 * (what the memories of all flows hold) knows: anybody can type them. What people wrote stays, but for lines that GitLab would now run as the bot,
 * which are escaped. Null where such a line stands in what cannot be escaped.
 */
export const putDescription = (
  description: string,
  markdown: string,
  stored: readonly Json[],
): Described | null => {
  const known = stored.flatMap((one) => StoredBlocks.safeParse(one).data?.digests ?? []);
  const block = `${START}\n${markdown}\n${END}`;
  const before = findBlock(description, new Set(known));
  const whole =
    before !== null
      ? description.slice(0, before.from) + block + description.slice(before.to)
      : description.trim() === ""
        ? block
        : `${description.trimEnd()}\n\n${block}`;
  const harmless = publishAround(whole);
  if (harmless === null) return null;
  const digests = [digestOf(markdown), ...known.filter((one) => one !== digestOf(markdown))];
  return {
    description: harmless,
    written: JsonObject.parse({ digests: digests.slice(0, MAX_DIGESTS) }),
  };
};

/** GitLab and browsers change line ends, and spaces at the edges. */
const digestOf = (text: string): string =>
  createHash("sha256").update(text.replaceAll("\r", "").trim()).digest("hex");

/** More pairs of lines than this are nobody's description. */
const MAX_MARKS = 20;

/** Where a text of ours stands with its lines. */
const findBlock = (
  description: string,
  known: ReadonlySet<string>,
): { readonly from: number; readonly to: number } | null => {
  const places = (mark: string): readonly number[] =>
    [...description.matchAll(new RegExp(mark, "gu"))].map(({ index }) => index).slice(0, MAX_MARKS);
  for (const from of places(START))
    for (const end of places(END))
      if (end > from && known.has(digestOf(description.slice(from + START.length, end))))
        return { from, to: end + END.length };
  return null;
};
