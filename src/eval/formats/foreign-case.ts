import { type DataProblem, showPath } from "../../base/data-problems.ts";
import { problemAt } from "../../base/errors.ts";
import { type Message, message } from "../../messages/message.ts";
import type { NewCase } from "../set/write-case.ts";
import { toCaseName } from "../set/write-case.ts";

/** A case of a public set, whose diff is to be found. */
export type ForeignCase = Omit<NewCase, "patch"> & {
  /** The address of its pull request or commit; a diff stands at the same address with `.diff`. */
  readonly url: string;
  /** The commits that it lies between; null where the set does not tell. */
  readonly commits: { readonly base: string; readonly head: string } | null;
};

/** What was read of a public set. */
export type ForeignSet = {
  readonly cases: readonly ForeignCase[];
  /** Entries that could not be read, in sentences. */
  readonly notices: readonly Message[];
};

/** The parts of an address such as `https://github.com/owner/name/pull/12`; null for others. */
export const readAddress = (
  url: string,
): { readonly owner: string; readonly repository: string; readonly number: string } | null => {
  const path = URL.parse(url)?.pathname ?? "";
  const [, owner, repository, number] = /^\/([^/]+)\/([^/]+)\/(?:pull|commit)\/([0-9a-f]+)/.exec(path) ?? [];
  if (owner === undefined || repository === undefined || number === undefined) return null;
  return { owner, repository, number: number.slice(0, 12) };
};

/** The name of the case at an address, such as `owner-name-12`. */
export const nameOfAddress = (url: string): string => {
  const address = readAddress(url);
  return toCaseName(
    address === null ? url : `${address.owner}-${address.repository}-${address.number}`,
  ).toLowerCase();
};

/** That an entry is not read, and what is wrong with it. */
export const leftOut = (index: number, problems: readonly DataProblem[]): Message =>
  message("eval.entry-left-out", {
    number: index + 1,
    problems: problems.map(({ path, what }) => (path.length === 0 ? what : problemAt(showPath(path), what))),
  });
