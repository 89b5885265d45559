import { createHash } from "node:crypto";
import { z } from "zod";
import { ReviewflowError, StoreError, describeError, isUntried } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import { byStrength } from "../../review/plan/strength.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import { estimateTokens } from "../../review/units/estimate-tokens.ts";
import { maskSecrets } from "../../review/units/mask-secrets.ts";
import type { Remark } from "../../review/remark.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { FlowPart } from "./findings-flow.ts";
import type { Judged } from "./judge-change.ts";
import type { Change } from "./read-change.ts";
import { beginningOf } from "../../base/cut-text.ts";

/** The walk-through, null without one, and why it is missing where one was to be written. */
export type Summary = { readonly walkthrough: string | null; readonly remark: Remark | null };

const Remembered = z.object({ digest: z.string(), text: z.string() });
const KEY = "summary";

const MAX_FILES = 1_000;
const MAX_FINDINGS = 50;
const MAX_TEXT_LENGTH = 500;

/**
 * Has the summary flow write its walk-through, unless it wrote one from the same facts before. A review
 * is worth publishing without one: failures and limits leave a remark.
 */
export const summarize = async (
  context: FindingsContext,
  change: Change,
  judged: Judged,
): Promise<Summary> => {
  const { flow, claim, desk, isLastAttempt } = context;
  if (flow.summary === null) return { walkthrough: null, remark: null };
  const facts = factsFor(flow.language, change, judged);
  const digest = digestOf([flow.summary.digest, facts]);
  const known = Remembered.safeParse(await claim.memory.read(KEY));
  if (known.success && known.data.digest === digest) return { walkthrough: known.data.text, remark: null };
  if (!desk.meter.allows(estimateTokens(JSON.stringify(facts)))) {
    return {
      walkthrough: null,
      remark: {
        text: "The walk-through was left out: the limit on tokens or cost was reached.",
        cause: null,
      },
    };
  }
  try {
    return await write(context, flow.summary, digest, facts);
  } catch (error) {
    claim.signal.throwIfAborted();
    if (error instanceof StoreError) throw error;
    const mayPass = !(error instanceof ReviewflowError) || error.retryable;
    // What was judged is not held back for a day, or until a server is back.
    if (mayPass && !isLastAttempt && !isUntried(error)) throw error;
    return failed(describeError(error));
  }
};

const failed = (reason: string): Summary => ({
  walkthrough: null,
  remark: { text: "The walk-through could not be written", cause: reason },
});

const write = async (
  { desk, claim, nonce }: FindingsContext,
  part: FlowPart,
  digest: string,
  facts: JsonObject,
): Promise<Summary> => {
  const key = `${KEY}-${digest.slice(0, 40)}`;
  const question = { key, part: { role: "summary", index: 0 }, files: [] } as const;
  const outcome = await desk.ask(part, question, { ...facts, nonce });
  const { summary: text } = outcome.outputs;
  if (outcome.status === "failed" || outcome.status === "stopped")
    return failed(outcome.error ?? outcome.status);
  if (typeof text !== "string" || text.trim() === "")
    return failed("the flow has no text output named summary");
  await claim.memory.write(KEY, { digest, text: text.slice(0, 100_000) });
  return { walkthrough: text, remark: null };
};

const factsFor = (language: string, change: Change, judged: Judged): JsonObject => ({
  title: maskSecrets(change.mergeRequest.title).text,
  description: maskSecrets(change.mergeRequest.description).text,
  files: JSON.stringify(describeFiles(judged)),
  findings: JSON.stringify(describeFindings(judged)),
  language,
});

const describeFiles = ({ change, fates }: Judged): readonly JsonObject[] => {
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

const describeFindings = ({ findings }: Judged): readonly JsonObject[] =>
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
