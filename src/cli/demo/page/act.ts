import { formatMessage } from "../../../messages/format-message.ts";
import { englishName, FALLBACK } from "../../../messages/language.ts";
import type { MergeRequest } from "../../../../standins/gitlab/state.ts";
import { headOf, isPlaced, pathOf } from "./page-model.ts";
import { readText, type Scene } from "./read-model.ts";
import { applySuggestion, findSuggestion } from "./suggestion.ts";

/** What somebody wants done, with the fields of its form. */
export type Act = {
  readonly scene: Scene;
  readonly mergeRequest: MergeRequest;
  readonly fields: URLSearchParams;
  /** The tag of the page's language. */
  readonly language: string;
};

const LONGEST_BODY = 4_000;

const bodyOf = ({ fields }: Act): string => (fields.get("body") ?? "").slice(0, LONGEST_BODY).trim();

const note = async ({ scene, mergeRequest }: Act, body: string, discussionId?: string): Promise<void> => {
  if (body === "") return;
  const { gitlab, author } = scene.team;
  await gitlab.addNote(mergeRequest, author, {
    body,
    ...(discussionId === undefined ? {} : { discussionId }),
  });
};

const push = async (
  { scene, mergeRequest }: Act,
  path: string,
  content: string,
  message: string,
): Promise<void> => {
  const { gitlab, author } = scene.team;
  await gitlab.push(mergeRequest.project, {
    branch: mergeRequest.sourceBranch,
    user: author,
    message,
    actions: [{ action: "write", path, content }],
  });
};

/** Carries a suggestion out as GitLab does: a commit of whoever presses the button, and a resolved thread. */
const apply = async (act: Act): Promise<void> => {
  const { scene, mergeRequest, fields } = act;
  const discussion = mergeRequest.discussions.find(({ id }) => id === fields.get("discussion"));
  const first = discussion?.notes[0];
  const { new_path: path, new_line: line } = first?.position ?? {};
  if (discussion === undefined || first === undefined || path === undefined) return;
  if (typeof line !== "number" || !isPlaced(mergeRequest, first)) return;
  const file = await readText(mergeRequest, headOf(mergeRequest), path);
  const suggestion = findSuggestion(first.body);
  const changed = file === null || suggestion === null ? null : applySuggestion(file, line, suggestion);
  if (changed === null || changed === file) return;
  await push(act, path, changed, formatMessage(act.language, "demo.apply"));
  scene.team.gitlab.resolve(mergeRequest, scene.team.author, discussion.id);
};

const fix = async (act: Act): Promise<void> => {
  const change = act.scene.desk.changeOf(act.mergeRequest);
  if (change === null) return;
  const now = await readText(act.mergeRequest, headOf(act.mergeRequest), change.path);
  if (now !== change.fixed)
    await push(act, change.path, change.fixed, formatMessage(act.language, "demo.fix"));
};

type Action = (act: Act) => Promise<MergeRequest | undefined | void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  fix,
  apply,
  open: ({ scene }) => scene.desk.openNext(),
  review: (act) => {
    const language = act.language === FALLBACK ? "" : ` --language=${englishName(act.language)}`;
    return note(act, `@${act.scene.team.bot.username} review${language}`);
  },
  comment: (act) => {
    const body = bodyOf(act);
    const isAsked = act.fields.get("to") !== "all" && body !== "" && !/^[@/]/.test(body);
    return note(act, isAsked ? `@${act.scene.team.bot.username} ask ${body}` : body);
  },
  resolve: async ({ scene, mergeRequest, fields }) => {
    const found = mergeRequest.discussions.find(({ id }) => id === fields.get("discussion"));
    if (found !== undefined) scene.team.gitlab.resolve(mergeRequest, scene.team.author, found.id);
  },
  reply: (act) => note(act, bodyOf(act), act.fields.get("discussion") ?? undefined),
  thumb: ({ scene, mergeRequest, fields }) =>
    scene.team.react(
      mergeRequest,
      Number(fields.get("note")),
      fields.get("name") === "thumbsdown" ? "thumbsdown" : "thumbsup",
    ),
};

/** Does what was asked for; the path of the page to show next, null where there is no such action. */
export const carryOut = async (name: string, act: Act): Promise<string | null> => {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) return null;
  const next = await action(act);
  return pathOf(next ?? act.mergeRequest);
};
