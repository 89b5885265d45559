import { isBotUser } from "../../review/filters.ts";
import { fromRestPosition } from "../../gitlab/rest-position.ts";
import type * as Rest from "../../gitlab/rest-schema.ts";
import type { Position } from "../../diff/position.ts";
import type { Expected, LineRange } from "../set/eval-case.ts";
import { anonymise } from "./anonymise.ts";

/** Whose threads are not those of reviewers. */
export type Outsiders = {
  /** Whether a note is one of ours. */
  readonly isOurs: (note: Rest.Note) => boolean;
  /** Who opened the merge request; null when nobody knows. */
  readonly authorId: number | null;
  /** The newest commit of the merge request. */
  readonly headSha: string;
};

/** What reviewers said of one version of a merge request. */
export type Reviewed = { readonly headSha: string; readonly expected: readonly Expected[] };

/**
 * The threads on lines that people opened and that came to something, as findings: those that are resolved,
 * and those whose lines a later push changed, which GitLab leaves at the version that they were about. They
 * are taken from the version that has most of them, the oldest of several; null where there are none.
 */
export const chooseThreads = (
  discussions: readonly Rest.Discussion[],
  outsiders: Outsiders,
): (Reviewed & { readonly left: number }) | null => {
  const threads = discussions.flatMap((discussion) => toThread(discussion, outsiders) ?? []);
  const versions = Map.groupBy(threads, ({ headSha }) => headSha);
  let best: Reviewed | null = null;
  for (const [headSha, found] of versions)
    if (best === null || found.length > best.expected.length)
      best = { headSha, expected: found.map(({ expected }) => expected) };
  return best === null ? null : { ...best, left: threads.length - best.expected.length };
};

const toThread = (
  { notes }: Rest.Discussion,
  { isOurs, authorId, headSha }: Outsiders,
): { readonly headSha: string; readonly expected: Expected } | null => {
  const [first] = notes;
  if (!first?.author || first.system || !first.resolvable) return null;
  const { author } = first;
  const isReviewer = !isOurs(first) && author.id !== authorId && !isBotUser(author, { ids: [], notIds: [] });
  const position = fromRestPosition(first.position);
  if (!isReviewer || position === null) return null;
  const isResolved = notes.filter(({ resolvable }) => resolvable).every(({ resolved }) => resolved);
  if (!isResolved && position.headSha === headSha) return null;
  const text = anonymise(first.body);
  return text === "" ? null : { headSha: position.headSha, expected: toExpected(position, text) };
};

const toExpected = ({ newPath, on }: Position, text: string): Expected => {
  const common = { path: newPath, severity: null, category: null, text };
  if (on.kind === "file") return { ...common, side: "new", lines: null };
  const side = on.newLine === null ? "old" : "new";
  return { ...common, side, lines: linesOf(on, side) };
};

const linesOf = (
  { newLine, oldLine, range }: Position["on"] & { readonly kind: "line" },
  side: "new" | "old",
): LineRange | null => {
  const ends = [{ newLine, oldLine }, ...(range === null ? [] : [range.start, range.end])].flatMap(
    (end) => (side === "new" ? end.newLine : end.oldLine) ?? [],
  );
  return ends.length === 0 ? null : { first: Math.min(...ends), last: Math.max(...ends) };
};
