import type { Translate } from "../../messages/format-message.ts";
import { toFilePosition, toPosition } from "../../diff/to-position.ts";
import type { DiffRefs, Position } from "../../diff/position.ts";
import type { ReplyDraft, ThreadDraft } from "../discussion.ts";
import type { AnchoredFinding, Finding } from "../finding.ts";
import { publishCode, publishLine, publishShortened, publishSuggestion } from "../publish-text.ts";
import { matterOf } from "./fingerprint.ts";
import { endedMarker, threadKey, threadMarker } from "./marker.ts";
import type { EndedThread, PlannedThread } from "./review-plan.ts";
import { beginningOf } from "../../base/cut-text.ts";

/** What all texts of one publication have in common. */
export type TextContext = {
  readonly flow: string;
  readonly refs: DiffRefs;
  readonly t: Translate;
  readonly showConfidence: boolean;
};

/**
 * The shares of a thread's text, which stays below 20,000 characters with its marker and whatever escaping
 * adds: more than anybody reads, far below GitLab's million.
 */
const MAX_TITLE_LENGTH = 300;
const MAX_BODY_LENGTH = 6_500;
const MAX_SUGGESTION_LENGTH = 8_000;
/** Hidden signs that are shown by name take eight times their room. */
const MAX_GROWTH = 8;

/** The thread that says a finding, where it belongs. */
export const renderThread = ({ fingerprint, found }: PlannedThread, context: TextContext): ThreadDraft => {
  const { t, flow } = context;
  const matter = matterOf(found);
  const { finding } = found;
  const position = positionOf(found, context.refs);
  const key = threadKey(flow, fingerprint);
  const { markdown, cut } = publishShortened(finding.body.trim(), MAX_BODY_LENGTH);
  const parts = [
    `${badge(finding, context)} ${titleLine(finding)}`,
    markdown,
    cut ? `_${t("thread.shortened")}_` : "",
    renderSuggestion(found, position, t),
  ];
  const marker = matter === null ? `${key}-->` : threadMarker(flow, fingerprint, matter);
  return {
    marker: key,
    body: [marker, parts.filter((part) => part !== "").join("\n\n")].join("\n"),
    position,
  };
};

/** The last word in a thread that is over. */
export const renderEnd = (ended: EndedThread, { flow, refs, t }: TextContext): ReplyDraft => {
  const marker = endedMarker(flow, ended, refs.headSha);
  return {
    discussionId: ended.discussionId,
    marker,
    body: `${marker}\n${t(`thread.resolved.${ended.why}`, { sha: shortSha(refs.headSha) })}`,
    resolve: true,
  };
};

/** Severity and category in words, and the confidence where it is asked for. */
export const badge = (
  { severity, category, confidence, unverified }: Finding,
  { t, showConfidence }: Pick<TextContext, "t" | "showConfidence">,
): string => {
  const words = [
    t(`severity.${severity}`),
    t(`category.${category}`),
    ...(showConfidence ? [t("thread.confidence", { percent: Math.round(confidence * 100) })] : []),
    ...(unverified === true ? [t("thread.unverified")] : []),
  ];
  return `**${words.join(" · ")}**`;
};

/** A finding's title on one line, harmless. */
export const titleLine = ({ title }: Finding): string => publishLine(shortTitle(title));

/** A title that fits a line, as it was written. */
export const shortTitle = (title: string): string =>
  title.length > MAX_TITLE_LENGTH ? `${beginningOf(title, MAX_TITLE_LENGTH - 1)}…` : title;

/** As much of a commit's SHA as people read; never more than a SHA's signs. */
export const shortSha = (sha: string): string => sha.replace(/[^0-9a-zA-Z]/gu, "").slice(0, 12);

const positionOf = ({ anchor }: AnchoredFinding, refs: DiffRefs): Position | null => {
  switch (anchor.kind) {
    case "line":
      return toPosition(refs, anchor.file, anchor.start, anchor.end);
    case "file":
      return toFilePosition(refs, anchor.file);
    case "summary":
      return null;
  }
};

/** A suggestion as a block that a reader can apply, or as code where GitLab would take it for other lines. */
const renderSuggestion = (found: AnchoredFinding, position: Position | null, t: Translate): string => {
  const { suggestion } = found.finding;
  if (suggestion === null) return "";
  const fits = suggestion.length <= MAX_SUGGESTION_LENGTH;
  const linesBefore = fits ? linesReplaced(found, position) : null;
  const block = linesBefore === null ? null : publishSuggestion(suggestion, { linesBefore });
  if (block !== null) return block;
  if (suggestion.trim() === "") return "";
  const whole = publishCode(beginningOf(suggestion, MAX_SUGGESTION_LENGTH));
  const isShort = whole.length <= MAX_SUGGESTION_LENGTH;
  const shown = isShort
    ? whole
    : publishCode(beginningOf(suggestion, MAX_SUGGESTION_LENGTH / MAX_GROWTH - 2));
  return [t("thread.suggestion"), shown, ...(fits && isShort ? [] : [`_${t("thread.shortened")}_`])].join(
    "\n\n",
  );
};

/**
 * How many lines before the position's line a suggestion replaces; null where it can replace none. GitLab counts
 * from the position's line, which is the last one, and takes lines from the file by their numbers: on removed lines
 * there are none, and where it numbers lines otherwise than the file it would replace others.
 */
const linesReplaced = ({ anchor }: AnchoredFinding, position: Position | null): number | null => {
  if (anchor.kind !== "line" || position?.on.kind !== "line") return null;
  const [first, last] = [anchor.start.newLine, anchor.end.newLine];
  const { on } = position;
  const isCounted = on.newLine === last && (on.range?.start ?? on).newLine === first;
  return first !== null && last !== null && first <= last && isCounted ? last - first : null;
};
