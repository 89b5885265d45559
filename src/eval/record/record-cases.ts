import { z } from "zod";
import { parseHunks } from "../../diff/parse-hunks.ts";
import type { GitLabClient } from "../../gitlab/client.ts";
import { readEntryDiff, toChangedFile } from "../../gitlab/diff-entry.ts";
import { createOwnNotes } from "../../gitlab/own-notes.ts";
import * as Rest from "../../gitlab/rest-schema.ts";
import { type Message, message } from "../../messages/message.ts";
import type { ChangedFile } from "../../review/forge.ts";
import { NO_NOTE_REGISTRY } from "../../review/note-registry.ts";
import { renderDiff } from "../../review/render-diff.ts";
import { type NewCase, toCaseName } from "../set/write-case.ts";
import { anonymise, maskHunks } from "./anonymise.ts";
import { chooseThreads, type Reviewed } from "./choose-threads.ts";

/** What is recorded. */
export type RecordOptions = {
  /** The path or id of a project. */
  readonly project: string;
  /** Merge requests that changed at this time or later, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** The most merge requests that are looked at, the newest ones first. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

/** What became of a merge request. */
export type Recorded = { readonly iid: number } & (
  | { readonly kind: "case"; readonly case: NewCase; readonly left: number }
  | { readonly kind: "nothing"; readonly reason: Message }
);

/** The most that GitLab gives on a page. */
const PER_PAGE = 100;

const Listed = z.object({
  iid: z.int(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  sha: z.string().nullish(),
  author: Rest.User.nullish(),
});
type Listed = z.infer<typeof Listed>;

const VersionDiff = z.object({ diffs: z.array(Rest.DiffEntry) });

/**
 * Reads what people found in the merged merge requests of a project, one after the other. Secrets are
 * masked; who wrote what is not in it. Throws a GitLabError.
 *
 * @see https://docs.gitlab.com/api/merge_requests/#get-single-merge-request-diff-version
 */
export const recordCases = async function* (
  client: GitLabClient,
  options: RecordOptions,
): AsyncGenerator<Recorded> {
  const { signal } = options;
  const { id, path_with_namespace: path } = await client.json(
    { route: "/projects/:id", params: { id: options.project }, signal },
    Rest.Project,
  );
  const self = await client.json({ route: "/user", signal }, Rest.User);
  const own = createOwnNotes(client, { currentUser: async () => self, registry: NO_NOTE_REGISTRY });
  for await (const listed of listMerged(client, id, options)) {
    const { iid } = listed;
    const params = { id, iid };
    const route = "/projects/:id/merge_requests/:iid/discussions";
    const query = { per_page: PER_PAGE };
    const discussions = await client.pages({ route, params, query, signal }, Rest.Discussion);
    const notes = discussions.flatMap((discussion) => discussion.notes);
    const { proofOf } = await own.recognise({ projectId: id, iid }, notes, signal);
    const chosen = chooseThreads(discussions, {
      isOurs: (note) => proofOf(note) !== null,
      authorId: listed.author?.id ?? null,
      headSha: listed.sha ?? "",
    });
    if (chosen === null) {
      yield {
        iid,
        kind: "nothing",
        reason: message("eval.record.nothing-resolved"),
      };
      continue;
    }
    const changes = await readVersion(client, params, chosen.headSha, signal);
    yield changes === null
      ? { iid, kind: "nothing", reason: message("eval.record.version-gone") }
      : toRecorded(listed, path, chosen, changes);
  }
};

/** Merged merge requests, those that changed last first. */
const listMerged = async function* (
  client: GitLabClient,
  id: number,
  { sinceMs, limit, signal }: RecordOptions,
): AsyncGenerator<Listed> {
  let left = limit;
  let next: Readonly<Record<string, string>> | null = {};
  while (next !== null && left > 0) {
    const query = {
      state: "merged",
      scope: "all",
      updated_after: new Date(sinceMs).toISOString(),
      order_by: "updated_at",
      sort: "desc",
      per_page: Math.min(PER_PAGE, left),
      ...next,
    };
    const page: { items: readonly Listed[]; next: Readonly<Record<string, string>> | null } =
      await client.page({ route: "/projects/:id/merge_requests", params: { id }, query, signal }, Listed);
    for (const listed of page.items.slice(0, left)) yield listed;
    left -= page.items.length;
    next = page.next;
  }
};

const readVersion = async (
  client: GitLabClient,
  params: { readonly id: number; readonly iid: number },
  headSha: string,
  signal: AbortSignal,
): Promise<readonly ChangedFile[] | null> => {
  const route = "/projects/:id/merge_requests/:iid/versions";
  const versions = await client.pages(
    { route, params, query: { per_page: PER_PAGE }, signal },
    Rest.DiffVersion,
  );
  const version = versions.find(({ head_commit_sha: sha }) => sha === headSha);
  if (version === undefined) return null;
  const { diffs } = await client.json(
    { route: `${route}/:version`, params: { ...params, version: version.id }, signal },
    VersionDiff,
  );
  return diffs.flatMap((entry) => {
    const diff = readEntryDiff(entry);
    return diff === null ? [] : toChangedFile(entry, diff);
  });
};

const toRecorded = (
  { iid, title, description }: Listed,
  projectPath: string,
  { expected, left }: Reviewed & { readonly left: number },
  changes: readonly ChangedFile[],
): Recorded => {
  const kept = changes.flatMap(masked);
  const paths = new Set(kept.map(({ newPath }) => newPath));
  const found = expected.filter(({ path }) => path !== null && paths.has(path));
  if (found.length === 0) return { iid, kind: "nothing", reason: message("eval.record.left-out") };
  // The last part alone: before it may stand the name of a person.
  const name = `${projectPath.split("/").at(-1) ?? "project"}-${iid}`;
  return {
    iid,
    kind: "case",
    left: left + expected.length - found.length,
    case: {
      name: toCaseName(name),
      title: anonymise(title ?? "") || `Merge request ${iid}`,
      description: anonymise(description ?? ""),
      language: null,
      source: null,
      expected: found,
      patch: renderDiff({ refs: { baseSha: "", startSha: "", headSha: "" }, files: kept }).replaceAll(
        /\n\n(?=diff --git )/g,
        "\n",
      ),
    },
  };
};

/** A changed file without secrets; left out where there is no text to review. */
const masked = (file: ChangedFile): readonly ChangedFile[] => {
  if (file.diff.kind !== "text" || file.diff.text === "") return [];
  const text = maskHunks(file.diff.text);
  const isWhole = parseHunks(text).kind === "hunks";
  return isWhole ? [{ ...file, diff: { ...file.diff, text } }] : [];
};
