import { z } from "zod";
import { MessageShape } from "../flow/messages/message.ts";
import { maskMessage, type Message, type MessageParam, message } from "../messages/message.ts";
import { beginningOf } from "./cut-text.ts";

/** What a parameter of a reason holds. Times are in milliseconds since the epoch. */
type Kinds = {
  readonly text: string;
  readonly number: number;
  readonly flag: boolean;
  readonly texts: readonly string[];
  readonly time: number;
};

/**
 * Every code of a reason with its parameters. A code says what happened; its sentences stand in the catalogue of
 * messages as `reason.CODE`, in each language with exactly these parameters.
 */
export const REASONS = {
  // What started a run.
  triggered: { trigger: "text" },

  // Why an event starts nothing.
  "event-not-reviewed": { event: "text" },
  "payload-not-understood": {},
  "project-not-configured": { project: "text" },
  "secret-not-for-project": { project: "text", id: "number" },
  "project-path-wrong": { project: "text", id: "number" },
  "token-not-of-project": { project: "text", id: "number" },
  "project-unproven": { project: "text", id: "number" },
  "merge-request-closed": {},
  "merge-request-merged": {},
  "state-not-reviewed": { state: "text" },
  "action-not-reviewed": { action: "text" },
  "nothing-to-review": {},
  "own-event": {},
  "trigger-off": { trigger: "text" },
  draft: { drafts: "text" },
  paused: {},
  "target-branch-filtered": { branch: "text", patterns: "texts", denied: "flag" },
  "source-branch-filtered": { branch: "text", patterns: "texts", denied: "flag" },
  "author-is-a-bot": { author: "text" },
  "author-filtered": { author: "text", denied: "flag" },
  "label-filtered": { labels: "texts", denied: "flag" },
  "title-filtered": { patterns: "texts", denied: "flag" },
  "too-many-files": { files: "number", most: "number" },
  "already-queued": {},
  "already-under-review": {},
  "reviewed-once": {},
  "head-already-reviewed": {},
  "head-already-known": {},
  "head-missing": {},
  "head-failed-for-good": {},
  "head-failed-repeatedly": { failures: "number" },
  "not-stale": {},
  "stale-scanned-lately": {},
  "stale-reviewed-meanwhile": {},
  "system-note": {},
  "from-a-bot": { user: "text" },
  "note-edited": {},
  "bot-unknown": {},
  "note-not-for-us": {},
  "command-after-end": { command: "text", state: "text" },
  "emoji-not-on-note": {},
  "emoji-not-a-thumb": { emoji: "text" },
  "emoji-note-unknown": {},
  "emoji-on-own-note": {},
  "emoji-not-on-finding": {},
  "emoji-finding-unknown": {},
  "outcome-kept": { outcome: "text" },
  "outcome-dropped": { outcome: "text", counted: "flag" },
  "lessons-off": {},

  // Why a run was ended before its time.
  "newer-run": { run: "text" },
  "newer-head": {},
  "cancelled-by-user": { user: "text" },
  "project-forgotten": {},
  "merge-request-not-open": { state: "text" },
  "worker-lost": { times: "number" },
  "waited-too-long": { kind: "text", hours: "number" },

  // What came of a note.
  answered: {},
  withdrawn: {},
  "finding-resolved": {},
  "finding-ignored": {},
  "reviews-paused": {},
  "reviews-resumed": {},
  "help-given": {},
  "review-queued": {},
  "no-finding-here": {},
  "no-flow-for-answers": {},
  "answered-already": {},
  "answer-failed": {},
  "answer-missing": {},
  "role-too-low": { command: "text", role: "text" },
  "reply-limit": {},
  "note-gone": {},
  "thread-not-ours": {},

  // What came of a look at a stale merge request.
  reminded: { threads: "number" },
  "no-open-threads": {},

  // Why a run cannot be worked on.
  "flow-not-configured": { flow: "text" },
  "gitlab-token-missing": {},
  "conversation-off": {},
  "event-unreadable": {},
  "head-moved": {},
  "no-changes": {},
  "no-part-reviewed": { parts: "number" },

  // How a flow failed, and what is missing in a review.
  "flow-reported-error": {},
  "flow-failed": {},
  "flow-stopped": {},
  "flow-output-unclear": { outputs: "texts" },
  "flow-output-missing": { output: "text", outputs: "texts" },
  "flow-output-empty": { output: "text" },
  "findings-unusable": {},
  "verification-failed": {},
  "judge-answer-unusable": {},
  "answer-empty": {},
  "answer-in-other-language": { language: "text" },
  "answer-filtered": {},
  "answer-cut-short": {},
  "answer-is-tool-call": {},
  "answer-repeats-itself": {},
  "answer-too-long": {},
  "steps-failed": { steps: "number" },
  "parts-failed": { failed: "number", parts: "number" },
  "parts-over-limit": { left: "number", parts: "number" },
  "pass-failed": { pass: "number" },
  "walkthrough-over-limit": {},
  "walkthrough-failed": {},
  "fallback-used": { flow: "text" },
  "input-cut": { input: "text", length: "number", most: "number" },
  "rules-unreadable": { kept: "flag" },

  // What in a team's rules and settings has no effect.
  "rules-file-too-long": { file: "text", most: "number" },
  "rules-file-binary": { file: "text" },
  "rules-total-too-long": { file: "text", most: "number" },
  "rules-files-over-limit": { folder: "text", most: "number", left: "number" },
  "rules-yaml-unreadable": { file: "text" },
  "rules-yaml-invalid": { file: "text", line: "number", error: "text" },
  "rules-yaml-duplicate-key": { file: "text", line: "number" },
  "rules-yaml-too-many-entries": { file: "text" },
  "rules-yaml-too-deep": { file: "text", most: "number" },
  "rules-yaml-alias": { file: "text" },
  "rules-file-not-map": { file: "text" },
  "rules-paths-empty": { file: "text" },
  "rules-instructions-missing": { file: "text" },
  "rules-instructions-over-limit": { file: "text", most: "number", count: "number" },
  "rules-instruction-empty": { file: "text", key: "text" },
  "rules-patterns-over-limit": { file: "text", rules: "number", most: "number" },
  "rules-problems-over-limit": { file: "text", most: "number" },
  "setting-unknown": { file: "text", key: "text" },
  "setting-not-map": { file: "text", key: "text" },
  "setting-not-text": { file: "text", key: "text", most: "number" },
  "setting-not-flag": { file: "text", key: "text" },
  "setting-not-number": { file: "text", key: "text", least: "number", most: "number" },
  "setting-not-integer": { file: "text", key: "text" },
  "setting-not-choice": { file: "text", key: "text", choices: "texts" },
  "setting-not-language": { file: "text", key: "text" },
  "globs-over-limit": { file: "text", key: "text", most: "number" },
  "globs-expand-too-far": { file: "text", key: "text", most: "number" },
  "glob-not-text": { file: "text", key: "text" },
  "glob-empty": { file: "text", key: "text" },
  "glob-too-long": { file: "text", key: "text", glob: "text", most: "number" },
  "glob-control-characters": { file: "text", key: "text", glob: "text" },
  "glob-expands-too-far": { file: "text", key: "text", glob: "text", most: "number" },
  "setting-not-allowed": { file: "text", key: "text" },
  "setting-needs-label": { file: "text", key: "text" },
  "setting-needs-stale": { file: "text", key: "text" },
  "rule-cut": { rule: "text", source: "text", kept: "number", length: "number" },
  "rule-left-out": { rule: "text", source: "text" },

  // Why a rule applies or not.
  "rule-for-all-files": {},
  "rule-for-files": { file: "text", more: "number" },
  "rule-for-no-file": { globs: "texts" },

  // Why a file was not reviewed, or not in full.
  "generated-by-name": {},
  "generated-by-gitlab": {},
  "generated-by-mark": { line: "number" },
  vendored: {},
  "lock-file": {},
  binary: {},
  "path-rule": {},
  "no-text-change": { change: "text" },
  deleted: {},
  "diff-unavailable": { cause: "text" },
  "too-large": {},
  "moved-in": {},
  "lines-cut": { lines: "number", column: "number" },
  "over-limit": {},
  "not-reviewed": {},

  // Why a candidate's review was not made, or failed.
  "shadow-out-of-share": {},
  "shadow-own-review": {},
  "shadow-partly-reviewed": {},
  "shadow-no-findings": {},
  "shadow-no-text": {},
  "shadow-head-moved": {},
  "shadow-newer-review": {},
  "shadow-decided": { choice: "text" },
  "shadow-postponed": {},
  "shadow-never-ended": {},

  // Failures. What the other side said stands in `detail`.
  "budget-used-up": { setting: "text", limit: "number", until: "time" },
  "model-overloaded": {},
  "model-paused": {},
  "model-refused": {},
  "gitlab-unauthorized": {},
  "gitlab-forbidden": {},
  "gitlab-not-found": {},
  "gitlab-rate-limited": {},
  "gitlab-unavailable": {},
  "gitlab-timeout": {},
  "gitlab-unreachable": {},
  "gitlab-certificate": {},
  "gitlab-failed": { error: "text" },
  "dify-paused": {},
  "dify-unreachable": {},
  "dify-connection-lost": {},
  "dify-untrusted": {},
  "dify-queue-timeout": {},
  "dify-run-timeout": {},
  "dify-model-overloaded": {},
  "dify-run-unknown": {},
  "dify-not-workflow-app": {},
  "dify-failed": { error: "text" },
  "model-failed": { error: "text" },
  "flow-unusable": { error: "text" },
  "store-failed": { error: "text" },
  "token-unreadable": {},
  "failed-otherwise": { error: "text" },
  "unexpected-error": {},

  // What another version of the server stored.
  "reason-unknown": { code: "text" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, keyof Kinds>>>>;

/** The stable name of a reason. */
export type ReasonCode = keyof typeof REASONS;

/** What the sentences of a code name. */
export type ReasonParams<Code extends ReasonCode> = {
  readonly [Name in keyof (typeof REASONS)[Code]]: (typeof REASONS)[Code][Name] extends keyof Kinds
    ? Kinds[(typeof REASONS)[Code][Name]]
    : never;
};

/**
 * What any reason may say besides, for those who run the server: a message, or a foreign text in the words of its
 * source, masked.
 */
type Detail = { readonly detail?: string | Message };

/** Why something is as it is: a code and what its sentences name. Logic compares codes. */
export type Reason = {
  readonly [Code in ReasonCode]: { readonly code: Code; readonly params: ReasonParams<Code> & Detail };
}[ReasonCode];

/** A reason of one code; a code without parameters needs none. */
export const reasonOf = <Code extends ReasonCode>(
  code: Code,
  ...[params]: [keyof ReasonParams<Code>] extends [never]
    ? [params?: ReasonParams<Code> & Detail]
    : [params: ReasonParams<Code> & Detail]
): Reason => {
  const made: unknown = { code, params: params ?? {} };
  if (isReason(made)) return made;
  throw new TypeError(`The reason ${code} was given other parameters than it has`);
};

/** The longest detail, in UTF-16 units; what is longer is cut. */
const MAX_DETAIL_LENGTH = 2_000;

/** The reason with what is to be said besides; as it was where that is nothing. */
export const withDetail = ({ code, params }: Reason, detail: string | Message): Reason => {
  const cut = (text: string): string => beginningOf(text, MAX_DETAIL_LENGTH);
  const bounded = typeof detail === "string" ? cut(detail) : maskMessage(detail, cut);
  const made: unknown = { code, params: { ...params, detail: bounded } };
  return detail === "" || !isReason(made) ? reasonFrom(code, params) : made;
};

/** A stored reason; `reason-unknown` for what another version wrote. */
export const reasonFrom = (code: string, params: unknown): Reason => {
  const stored: unknown = { code, params };
  return isReason(stored) ? stored : reasonOf("reason-unknown", { code });
};

/** The sentence of a reason as a message, without its detail. */
export const messageOfReason = ({ code, params }: Reason): Message => ({
  code: `reason.${code}`,
  params: Object.fromEntries(
    Object.entries<MessageParam | boolean>(params)
      .filter(([name]) => name !== "detail")
      // ICU chooses by "true" and "false".
      .map(([name, value]) => [name, typeof value === "boolean" ? String(value) : value]),
  ),
});

/** A reason as the cause of another, with its detail: what the other one has as its own. */
export const causeOf = (reason: Reason): Message => {
  const { detail } = reason.params;
  const cause = messageOfReason(reason);
  return detail === undefined ? cause : message("problem.at", { place: cause, problem: detail });
};

/** The reason with `mask` applied to every text in it. */
export const maskReason = ({ code, params }: Reason, mask: (text: string) => string): Reason => {
  const all = Object.entries<MessageParam | boolean>(params);
  const texts = all.flatMap(([name, value]) => (typeof value === "boolean" ? [] : [[name, value] as const]));
  const masked = maskMessage({ code: "verbatim", params: Object.fromEntries(texts) }, mask);
  return reasonFrom(code, { ...params, ...masked.params });
};

/** Whether a text is the code of a reason. */
export const isReasonCode = (text: string): text is ReasonCode => Object.hasOwn(REASONS, text);

const Shape = z.object({ code: z.string(), params: z.record(z.string(), z.unknown()) });

const isReason = (value: unknown): value is Reason => {
  const { data } = Shape.safeParse(value);
  if (data === undefined || !isReasonCode(data.code)) return false;
  const wanted = new Map<string, keyof Kinds>(Object.entries(REASONS[data.code]));
  const { params } = data;
  return (
    [...wanted].every(([name, kind]) => HOLDS[kind](params[name])) &&
    Object.entries(params).every(([name, is]) => wanted.has(name) || (name === "detail" && isDetail(is)))
  );
};

const isMessage = (value: unknown): value is Message => MessageShape.safeParse(value).success;

/** A message in a stored document; its code may be one of another version, which `t.message` shows as it is. */
export const StoredMessage: z.ZodType<Message> = z.custom<Message>(isMessage);

const isDetail = (value: unknown): boolean => HOLDS.text(value) || isMessage(value);

const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);

const HOLDS: Readonly<Record<keyof Kinds, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  number: isNumber,
  flag: (value) => typeof value === "boolean",
  texts: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  time: isNumber,
};

/** A reason in a stored JSON document. */
export const StoredReason: z.ZodType<Reason> = z.custom<Reason>(isReason);
