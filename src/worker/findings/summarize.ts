import { isInLatinAlone } from "../../review/findings/written-in.ts";
import { reasonOfIncomplete, reasonOfStatus } from "../../review/read-outcome.ts";
import { causeOf, type Reason, reasonOf } from "../../base/reason.ts";
import { createHash } from "node:crypto";
import { z } from "zod";
import { ReviewflowError, StoreError, isOutside, isUntried, reasonOfError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import type { MetOutside } from "../../store/store.ts";
import { byStrength } from "../../review/plan/strength.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import { estimateTokens } from "../../base/estimate-tokens.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";
import { correctionOf, problemOf } from "./correction.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { FlowPart } from "./findings-flow.ts";
import type { ReviewedChange } from "./review-change.ts";
import type { Change } from "./read-change.ts";
import { beginningOf } from "../../base/cut-text.ts";

/** The walk-through, null without one, and why it is missing where one was to be written. */
export type Summary = {
  readonly walkthrough: string | null;
  readonly remark: Reason | null;
  /** What outside failed that nobody waits for: a walk-through is not asked for again. */
  readonly met?: MetOutside | undefined;
};

const Remembered = z.object({ digest: z.string(), text: z.string() });
const KEY = "summary";

const MAX_FILES = 1_000;
const MAX_FINDINGS = 50;
const MAX_TEXT_LENGTH = 500;

/** A run that has waited so often is published without a walkthrough. */
const MAX_WAITS = 3;

/**
 * Has the summary flow write its walk-through, unless it wrote one from the same facts before or nothing is
 * changed. A review is worth publishing without one: failures and limits leave a remark, and what a person has to
 * change parks the queue of others, not a review that is made.
 */
export const summarize = async (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
): Promise<Summary> => {
  const { flow, claim, desk, isLastAttempt, canWait } = context;
  if (flow.summary === null || change.diff.files.length === 0) return { walkthrough: null, remark: null };
  const facts = factsFor(flow.language, change, reviewed);
  const digest = digestOf([flow.summary.digest, facts]);
  const known = Remembered.safeParse(await claim.memory.read(KEY));
  if (known.success && known.data.digest === digest) return { walkthrough: known.data.text, remark: null };
  if (!desk.meter.allows(estimateTokens(JSON.stringify(facts)))) {
    return {
      walkthrough: null,
      remark: reasonOf("walkthrough-over-limit"),
    };
  }
  try {
    return await write(context, flow.summary, digest, facts);
  } catch (error) {
    claim.signal.throwIfAborted();
    if (error instanceof StoreError) throw error;
    const mayPass = !(error instanceof ReviewflowError) || error.retryable;
    // What was reviewed is not held back for a day, or until a server is back.
    const isPatient = isOutside(error)
      ? canWait && claim.run.waits < MAX_WAITS
      : !isLastAttempt && !isUntried(error);
    if (mayPass && isPatient) throw error;
    return { ...failed(reasonOfError(error)), met: metIn(error) };
  }
};

const metIn = (error: unknown): MetOutside | undefined => {
  if (!(error instanceof ReviewflowError) || error.outside === undefined) return undefined;
  const { outside, retryAfterMs } = error;
  return { outside, reason: reasonOfError(error), retryAfterMs };
};

const failed = (cause: Reason): Summary => ({
  walkthrough: null,
  remark: reasonOf("walkthrough-failed", { detail: causeOf(cause) }),
});

const write = async (
  context: FindingsContext,
  part: FlowPart,
  digest: string,
  facts: JsonObject,
): Promise<Summary> => {
  const key = `${KEY}-${digest.slice(0, 40)}`;
  let read = await ask(context, part, key, { ...facts, correction: "" });
  if (typeof read !== "string") {
    const problem = problemOf(read);
    if (problem !== null)
      read = await ask(context, part, `${key}-again`, { ...facts, correction: correctionOf(problem, FORM) });
  }
  if (typeof read !== "string") return failed(read);
  await context.claim.memory.write(KEY, { digest, text: read.slice(0, 100_000) });
  return { walkthrough: read, remark: null };
};

/** The form of an answer in a few words. */
const FORM = "with the Markdown text alone";

/** One question: the walk-through, or why there is none. */
const ask = async (
  { desk, nonce, flow }: FindingsContext,
  part: FlowPart,
  key: string,
  inputs: JsonObject,
): Promise<string | Reason> => {
  const question = { key, part: { role: "summary", index: 0 }, files: [] } as const;
  const outcome = await desk.ask(part, question, { ...inputs, nonce });
  const { summary: text } = outcome.outputs;
  const failure = reasonOfStatus(outcome);
  if (failure !== null) return failure;
  if (typeof text !== "string")
    return reasonOf("flow-output-missing", { output: KEY, outputs: Object.keys(outcome.outputs) });
  if (text.trim() === "") return reasonOfIncomplete(outcome) ?? reasonOf("answer-empty");
  return isInLatinAlone([text], flow.language)
    ? reasonOf("answer-in-other-language", { language: flow.language })
    : text;
};

const factsFor = (language: string, change: Change, reviewed: ReviewedChange): JsonObject => ({
  title: maskSecrets(change.mergeRequest.title).text,
  description: maskSecrets(change.mergeRequest.description).text,
  files: JSON.stringify(describeFiles(reviewed)),
  findings: JSON.stringify(describeFindings(reviewed)),
  language,
});

const describeFiles = ({ change, fates }: ReviewedChange): readonly JsonObject[] => {
  const overviews = new Map<string, Set<string>>();
  for (const { digest, file } of change.selection.hunks) {
    const overview = fates.reviewed.get(digest)?.overview ?? null;
    if (overview === null) continue;
    const known = overviews.get(pathOf(file)) ?? new Set<string>();
    overviews.set(pathOf(file), known.add(overview));
  }
  return change.diff.files.slice(0, MAX_FILES).map((file) => {
    const overview = beginningOf([...(overviews.get(pathOf(file)) ?? [])].join(" "), MAX_TEXT_LENGTH);
    return { path: pathOf(file), change: file.change, ...(overview === "" ? {} : { overview }) };
  });
};

const describeFindings = ({ findings }: ReviewedChange): readonly JsonObject[] =>
  findings
    .toSorted(byStrength)
    .slice(0, MAX_FINDINGS)
    .map(({ finding: { path, line, severity, category, title, body } }) => ({
      path,
      line,
      severity,
      category,
      title,
      body: beginningOf(body, MAX_TEXT_LENGTH),
    }));

const digestOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
