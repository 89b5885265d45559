import type { z } from "zod";
import { parseJson } from "../base/json.ts";
import type {
  DeliveryEvent,
  EmojiEvent,
  EventProject,
  MergeRequestEvent,
  NoteEvent,
  OtherEvent,
} from "../review/delivery-event.ts";
import { dataProblems } from "../base/data-problems.ts";
import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import {
  EmojiPayload,
  Envelope,
  MergeRequestPayload,
  NotePayload,
  NoteTarget,
  type Project,
} from "./webhook-schema.ts";

/** A body that cannot be understood; `what` names the field at fault and repeats no content. */
export type InvalidDelivery = {
  readonly kind: "invalid";
  readonly code: "body-not-utf8" | "body-not-json" | "body-too-complex" | "payload-invalid";
  readonly what: Message;
};

/** What a verified delivery says. */
export type DeliveryReading = { readonly kind: "event"; readonly event: DeliveryEvent } | InvalidDelivery;

const invalid = (code: InvalidDelivery["code"], what: Message): InvalidDelivery => ({
  kind: "invalid",
  code,
  what,
});

/** The longest name of an event that we repeat; GitLab's are shorter. */
const MAX_NAME_LENGTH = 64;

/**
 * Parses a delivery: its raw body and its `X-Gitlab-Event` header. System hooks carry the same merge
 * request payload as project hooks and count as such. Events that we do not act on, notes on other
 * things among them, become `other`. Never throws.
 */
export const parseDelivery = (body: Uint8Array, eventHeader: string | undefined): DeliveryReading => {
  const text = decodeUtf8(body);
  if (text === undefined) return invalid("body-not-utf8", message("payload.not-utf8"));
  const payload = parseJson(text);
  if (payload === undefined) return invalid("body-not-json", message("payload.not-json"));
  const envelope = Envelope.safeParse(payload);
  if (!envelope.success) return describe(envelope.error, payload);
  const { object_kind: kind, event_name: name, project } = envelope.data;
  if (kind === "merge_request") return read(MergeRequestPayload, payload, toMergeRequestEvent);
  if (kind === "note") return parseNote(payload, project);
  if (kind === "emoji") return parseEmoji(payload, project);
  return { kind: "event", event: otherEvent(kind ?? name ?? eventHeader ?? "unknown", project) };
};

const decodeUtf8 = (body: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
};

/** Every value counts as secret: what somebody wrote is not repeated. */
const describe = (error: z.ZodError, payload: unknown): InvalidDelivery => {
  const [problem] = dataProblems(error.issues, payload, () => true);
  const what = problem?.what ?? message("payload.unknown-shape");
  const field = problem?.path.join(".") ?? "";
  return invalid("payload-invalid", field === "" ? what : problemAt(field, what));
};

const read = <Schema extends z.ZodType>(
  schema: Schema,
  payload: unknown,
  toEvent: (data: z.infer<Schema>) => DeliveryEvent,
): DeliveryReading => {
  const result = schema.safeParse(payload);
  return result.success ? { kind: "event", event: toEvent(result.data) } : describe(result.error, payload);
};

const parseNote = (payload: unknown, project: Project | null | undefined): DeliveryReading => {
  const target = NoteTarget.safeParse(payload);
  if (!target.success) return describe(target.error, payload);
  const type = target.data.object_attributes.noteable_type;
  if (type === "MergeRequest") return read(NotePayload, payload, toNoteEvent);
  return { kind: "event", event: otherEvent(`note on ${type}`, project) };
};

/** What we have no use for in an emoji event makes it another event: it is no reason for an error. */
const parseEmoji = (payload: unknown, project: Project | null | undefined): DeliveryReading => {
  const result = EmojiPayload.safeParse(payload);
  return { kind: "event", event: result.success ? toEmojiEvent(result.data) : otherEvent("emoji", project) };
};

const toProject = (project: Project): EventProject => ({
  id: project.id,
  path: project.path_with_namespace,
  webUrl: project.web_url,
});

const otherEvent = (name: string, project: Project | null | undefined): OtherEvent => ({
  kind: "other",
  name: name.replace(/[^\w .:-]/g, "").slice(0, MAX_NAME_LENGTH) || "unknown",
  project: project === null || project === undefined ? null : toProject(project),
});

/**
 * The reviewers that this event added: those of `changes`, current minus previous. A merge request that
 * is new has no changes to speak of, there all of its reviewers are.
 */
const findAddedReviewers = (payload: MergeRequestPayload): readonly number[] => {
  const change = payload.changes?.reviewers;
  if (change === undefined)
    return payload.object_attributes.action === "open" ? (payload.reviewers ?? []).map(({ id }) => id) : [];
  const previous = new Set((change.previous ?? []).map(({ id }) => id));
  return (change.current ?? []).map(({ id }) => id).filter((id) => !previous.has(id));
};

/** The reviewers that this update asks again; the mark stands on each list of reviewers in the payload. */
const findAskedAgain = (payload: MergeRequestPayload): readonly number[] => {
  if (payload.object_attributes.action !== "update") return [];
  const listed = [...(payload.reviewers ?? []), ...(payload.changes?.reviewers?.current ?? [])];
  return [...new Set(listed.filter((user) => user.re_requested === true).map(({ id }) => id))];
};

/** The labels that this event added, as with reviewers. */
const findAddedLabels = (payload: MergeRequestPayload, labels: readonly string[]): readonly string[] => {
  const change = payload.changes?.labels;
  if (change === undefined) return payload.object_attributes.action === "open" ? labels : [];
  const previous = new Set((change.previous ?? []).map(({ title }) => title));
  return (change.current ?? []).map(({ title }) => title).filter((title) => !previous.has(title));
};

/**
 * GitLab's mark of a draft at the beginning of a title.
 *
 * @see https://docs.gitlab.com/user/project/merge_requests/drafts/
 */
const DRAFT_TITLE = /^\s*(?:\[draft\]|\(draft\)|draft:)/i;

const isDraft = (
  attributes: Pick<MergeRequestPayload["object_attributes"], "draft" | "title" | "work_in_progress">,
): boolean => attributes.draft ?? attributes.work_in_progress ?? DRAFT_TITLE.test(attributes.title);

/** Whether this event ended a draft. GitLab 16 and older show it in the title alone. */
const becameReady = (changes: MergeRequestPayload["changes"]): boolean => {
  const { draft, title } = changes ?? {};
  if (draft !== undefined) return draft.previous === true && draft.current === false;
  return (
    title !== undefined && DRAFT_TITLE.test(title.previous ?? "") && !DRAFT_TITLE.test(title.current ?? "")
  );
};

const toMergeRequestEvent = (payload: MergeRequestPayload): MergeRequestEvent => {
  const attributes = payload.object_attributes;
  const target = payload.changes?.target_branch;
  const labels = (payload.labels ?? attributes.labels ?? []).map(({ title }) => title);
  return {
    kind: "merge_request",
    project: toProject(payload.project),
    user: { id: payload.user.id, username: payload.user.username },
    iid: attributes.iid,
    action: attributes.action,
    state: attributes.state,
    draft: isDraft(attributes),
    title: attributes.title,
    description: attributes.description,
    url: attributes.url,
    authorId: attributes.author_id,
    sourceBranch: attributes.source_branch,
    targetBranch: attributes.target_branch,
    sourceProjectId: attributes.source_project_id,
    headSha: attributes.last_commit?.id ?? null,
    oldRev: attributes.oldrev,
    labels,
    labelsAdded: findAddedLabels(payload, labels),
    reviewersAdded: findAddedReviewers(payload),
    reviewersAskedAgain: findAskedAgain(payload),
    becameReady: becameReady(payload.changes),
    retargeted: target !== undefined && target.previous !== target.current,
  };
};

const toNoteEvent = (payload: NotePayload): NoteEvent => {
  const attributes = payload.object_attributes;
  return {
    kind: "note",
    project: toProject(payload.project),
    user: { id: payload.user.id, username: payload.user.username },
    iid: payload.merge_request.iid,
    noteId: attributes.id,
    discussionId: attributes.discussion_id,
    standsAlone: attributes.type === null,
    action: attributes.action,
    text: attributes.note,
    url: attributes.url,
    system: attributes.system,
    internal: attributes.internal,
    headSha: payload.merge_request.last_commit?.id ?? null,
    mergeRequest: toNoted(payload.merge_request),
  };
};

const toNoted = (noted: NotePayload["merge_request"]): NoteEvent["mergeRequest"] => ({
  state: noted.state,
  draft: isDraft(noted),
  title: noted.title,
  description: noted.description,
  url: noted.url,
  authorId: noted.author_id,
  sourceBranch: noted.source_branch,
  targetBranch: noted.target_branch,
  sourceProjectId: noted.source_project_id,
  labels: (noted.labels ?? []).map(({ title }) => title),
});

const toEmojiEvent = (payload: EmojiPayload): EmojiEvent => ({
  kind: "emoji",
  project: toProject(payload.project),
  user: { id: payload.user.id, username: payload.user.username },
  iid: payload.merge_request?.iid ?? null,
  emoji: payload.object_attributes.name,
  action: payload.object_attributes.action ?? payload.event_type,
  awardableType: payload.object_attributes.awardable_type,
  awardableId: payload.object_attributes.awardable_id,
  note:
    payload.note === undefined || payload.note === null
      ? null
      : {
          authorId: payload.note.author_id,
          body: payload.note.note,
          system: payload.note.system,
          ours: null,
        },
});
