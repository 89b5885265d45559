import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePatch } from "../../diff/decode-patch.ts";
import { type ForeignCase, readAddress } from "../../eval/formats/foreign-case.ts";
import { GitError, openGit } from "../review/git.ts";
import { PLAIN_DIFF } from "../review/read-diff.ts";

/** Where the diffs of a public set may be found. */
export type PatchPlaces = {
  /** A folder with `<case>.diff`. */
  readonly diffs: string | null;
  /** A folder with clones, as `<owner>/<name>` or `<name>`. */
  readonly repositories: string | null;
  /** Whether they may be fetched from where the pull request is. */
  readonly download: boolean;
};

/** Fetches addresses; `globalThis.fetch` or one for tests. */
export type Fetch = (url: string) => Promise<Response>;

/** A diff, or why there is none. */
export type PatchReading = { readonly patch: string } | { readonly missing: string };

/** The largest diff that is taken, in characters. */
const LONGEST = 32 * 1024 * 1024;

/** The only host that diffs are fetched from, whatever a set names. */
const HOST = "github.com";

/** Looks for the diff of a case, in the order of the places. */
export const findPatch = async (
  found: ForeignCase,
  places: PatchPlaces,
  fetch: Fetch,
): Promise<PatchReading> => {
  const { diffs, repositories, download } = places;
  const kept =
    diffs === null ? null : await readFile(join(diffs, `${found.name}.diff`), "utf8").catch(() => null);
  if (kept !== null) return { patch: kept };
  const local = repositories === null ? null : await fromRepository(found, repositories);
  if (local !== null && "patch" in local) return local;
  if (download) return fetchPatch(found.url, fetch);
  return local ?? { missing: "its diff is in no folder that was named; --download fetches it" };
};

const fromRepository = async (found: ForeignCase, folder: string): Promise<PatchReading> => {
  const address = readAddress(found.url);
  if (found.commits === null || address === null) return { missing: "the set does not tell its commits" };
  const { base, head } = found.commits;
  if (![base, head].every((sha) => /^[0-9a-f]{7,64}$/.test(sha))) return { missing: "its commits are none" };
  for (const place of [join(folder, address.owner, address.repository), join(folder, address.repository)]) {
    try {
      const git = await openGit(place);
      const patch = await git.run([
        "diff",
        ...PLAIN_DIFF,
        "--no-color",
        "--find-renames",
        "--full-index",
        `${base}...${head}`,
        "--",
      ]);
      return { patch: decodePatch(patch) };
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
    }
  }
  return {
    missing: `no clone of ${address.owner}/${address.repository} has its commits ${base.slice(0, 12)} and ${head.slice(0, 12)}`,
  };
};

const fetchPatch = async (url: string, fetch: Fetch): Promise<PatchReading> => {
  const address = URL.parse(url);
  if (address?.protocol !== "https:" || address.hostname !== HOST)
    return { missing: `diffs are fetched from https://${HOST} only` };
  try {
    const response = await fetch(`${address.origin}${address.pathname.replace(/\/$/, "")}.diff`);
    if (!response.ok) return { missing: `${HOST} answered with ${response.status}` };
    const patch = await response.text();
    return patch.length > LONGEST ? { missing: "its diff is too large" } : { patch };
  } catch {
    return { missing: `${HOST} could not be reached` };
  }
};
