import { translator } from "../../../messages/format-message.ts";
import type { MergeRequest, Note } from "../../../../standins/gitlab/state.ts";
import type { Store } from "../../../store/store.ts";
import type { DemoTeam } from "../team.ts";
import { type DemoDesk, isFixed } from "../desk.ts";
import { type PageModel, pathOf } from "./page-model.ts";
import { findSuggestion, replacedLines } from "./suggestion.ts";

/** What the page is about. */
export type Scene = {
  readonly team: DemoTeam;
  readonly desk: DemoDesk;
  readonly store: Pick<Store, "listRuns">;
  readonly dashboardUrl: string;
  /** Null for the script. */
  readonly modelName: string | null;
};

const MOST_RUNS = 100;

/** Reads everything that the page of a merge request shows. */
export const readModel = async (
  scene: Scene,
  mergeRequest: MergeRequest,
  language: string,
): Promise<PageModel> => {
  const { team, desk, store, dashboardUrl, modelName } = scene;
  const { project, iid } = mergeRequest;
  const version = mergeRequest.versions.at(-1);
  const { reactions, statuses } = await team.gitlab.viewMergeRequest(mergeRequest);
  const runs = await store.listRuns({ limit: MOST_RUNS });
  return {
    language,
    t: translator(language),
    modelName,
    dashboardUrl,
    botUsername: team.bot.username,
    mergeRequest,
    reactions,
    statuses,
    tabs: desk.opened().map((one) => ({
      path: pathOf(one.mergeRequest),
      title: one.mergeRequest.title,
      reference: `!${one.mergeRequest.iid}`,
      isCurrent: one.mergeRequest === mergeRequest,
    })),
    files: version === undefined ? [] : await project.repository.diff(version.base, version.head),
    commits: version === undefined ? [] : await project.repository.commitsBetween(version.base, version.head),
    deliveries: project.hooks
      .flatMap(({ deliveries }) => deliveries)
      .toSorted((one, other) => other.id - one.id),
    runs: runs.filter((run) => run.projectPath === project.path && run.iid === iid),
    canFix: !(await isFixed(desk, mergeRequest)),
    replaced: await readReplaced(mergeRequest),
  };
};

const readReplaced = async (mergeRequest: MergeRequest): Promise<PageModel["replaced"]> => {
  const notes = mergeRequest.discussions.flatMap((one) => one.notes);
  const found = await Promise.all(
    notes.map(async (note) => [note.id, await readLines(mergeRequest, note)] as const),
  );
  return new Map(found.flatMap(([id, lines]) => (lines === null ? [] : [[id, lines]])));
};

/** The lines that a note's suggestion is about, as they were where the note hangs. */
const readLines = async (mergeRequest: MergeRequest, note: Note): Promise<readonly string[] | null> => {
  const suggestion = findSuggestion(note.body);
  const { new_path: path, new_line: line, head_sha: head } = note.position ?? {};
  if (suggestion === null || path === undefined || typeof line !== "number" || head === undefined)
    return null;
  const file = await readText(mergeRequest, head, path);
  return file === null ? null : replacedLines(file, line, suggestion);
};

/** A file of the merge request at a commit; null where it is not there. */
export const readText = async (
  { project: { repository } }: Pick<MergeRequest, "project">,
  sha: string,
  path: string,
): Promise<string | null> => {
  const entry = await repository.entry(sha, path);
  return entry === null ? null : (await repository.blob(entry.sha)).toString("utf8");
};
