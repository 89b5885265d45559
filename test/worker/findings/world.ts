import { NO_HISTORY } from "../../../src/review/decide.ts";
import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { createMemoryJournal, type Journal } from "../../../src/base/journal.ts";
import type { JsonObject } from "../../../src/base/json.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Secret } from "../../../src/base/secret.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import type { FlowInput, FlowOutcome, FlowRequest, FlowRunner } from "../../../src/review/flow-runner.ts";
import type { Forge } from "../../../src/review/forge.ts";
import { toStoredEvent } from "../../../src/review/stored-event.ts";
import type { NewRunEvent } from "../../../src/store/run-event.ts";
import type { Claim, Run, Settlement } from "../../../src/store/store.ts";
import { settlementOfError } from "../../../src/store/settlement-of-error.ts";
import {
  createPacking,
  FINDINGS_INPUTS,
  type FindingsFlow,
} from "../../../src/worker/findings/findings-flow.ts";
import { type ReviewOptions, reviewRun } from "../../../src/worker/review-run.ts";
import { mergeRequestEvent } from "../../review/events.ts";

/** One line of a unit as the flow was shown it. */
export type ShownLine = {
  readonly path: string;
  readonly line: number;
  readonly sign: string;
  readonly text: string;
};

/** An input of a request, which is a text. */
export const textInput = ({ inputs }: FlowRequest, name: string): string => {
  const value = inputs[name];
  return typeof value === "string" ? value : assert.fail(`no text: ${name}`);
};

/** The numbered lines in the `diff` input of a request. */
export const shownLines = (request: FlowRequest): readonly ShownLine[] => {
  let path = "";
  return textInput(request, "diff")
    .split("\n")
    .flatMap((row) => {
      path = /^=== (.*) \(.*\) ===$/.exec(row)?.[1] ?? path;
      const [, line, sign, text] = /^\s*(\d+) +([+-]?) *\| (.*)$/.exec(row) ?? [];
      return line === undefined || sign === undefined
        ? []
        : [{ path, line: Number(line), sign, text: text ?? "" }];
    });
};

type Answer = (request: FlowRequest, nth: number) => Promise<Partial<FlowOutcome>> | Partial<FlowOutcome>;

/** A flow that answers as told, with what it was asked. */
const Asked = z.array(z.object({ id: z.string() }));

/** The ids of the findings that a verifier is asked about, in their order; each ends with what is of this run alone. */
export const idsIn = (request: FlowRequest): readonly string[] =>
  Asked.parse(JSON.parse(textInput(request, "findings"))).map(({ id }) => id);

/** A verifier's answer: a verdict for each finding by the beginning of its id, `f1` for the first. */
export const verdictsOn = (request: FlowRequest, verdicts: Readonly<Record<string, string>>) => ({
  outputs: {
    verdicts: JSON.stringify(
      idsIn(request).flatMap((id) => {
        const verdict = verdicts[id.replace(/-.*/, "")];
        return verdict === undefined ? [] : [{ id, verdict }];
      }),
    ),
  },
});

export const fakeFlow = (names: readonly string[], answer: Answer, maxLength: number | null = null) => {
  const requests: FlowRequest[] = [];
  const declared: FlowInput[] = names.map((name) => ({
    name,
    type: name === "max_findings" ? "number" : "paragraph",
    required: false,
    maxLength,
    options: [],
  }));
  const runner: FlowRunner = {
    describe: async () => declared,
    run: async (request) => {
      requests.push(request);
      request.signal.throwIfAborted();
      const usage = { ...NO_USAGE, totalTokens: 100, totalPrice: 0.01 };
      return {
        status: "succeeded",
        outputs: {},
        error: null,
        usage,
        ...(await answer(request, requests.length)),
      };
    },
  };
  return { runner, requests, digest: "flow-1" };
};

/** What makes a text one of the language that is asked for, as far as its letters tell. */
const inLanguage = (request: FlowRequest): string =>
  ({ Japanese: "誤りです。", 日本語: "誤りです。", Korean: "오류입니다. ", 한국어: "오류입니다. " })[
    textInput(request, "language")
  ] ?? "";

/** A flow that finds every added line with BUG in it. */
export const findBugs: Answer = (request) => ({
  outputs: {
    findings: JSON.stringify(
      shownLines(request)
        .filter(({ sign, text }) => sign === "+" && text.includes("BUG"))
        .map(({ path, line, text }) => ({
          path,
          line,
          quote: text,
          severity: "major",
          category: "bug",
          confidence: 0.9,
          title: `Mistake in ${text.trim()}`,
          body: `${inLanguage(request)}The line \`${text.trim()}\` is wrong.`,
        })),
    ),
    overview: `${inLanguage(request)}Some lines change.`,
  },
});

/** A review flow with its parts, and everything that was asked of it. */
export const fakeFindingsFlow = (changes: Partial<FindingsFlow> = {}, answer: Answer = findBugs) => {
  const review = fakeFlow(FINDINGS_INPUTS.review, answer);
  const flow: FindingsFlow = {
    name: "default",
    contract: "findings",
    language: "English",
    rules: "Be kind.",
    runner: review.runner,
    digest: review.digest,
    passes: [],
    verify: null,
    summary: null,
    paths: { include: [], exclude: [] },
    limits: { unitTokens: 4_000, unitsAtOnce: 2, threads: 50, tokens: null, cost: null },
    least: { severity: "info", confidence: 0 },
    publish: { labels: [], status: false },
    packing: createPacking(),
    ...changes,
  };
  return { flow, requests: review.requests };
};

const run: Run = {
  id: "run",
  kind: "review",
  deliveryId: "d",
  projectId: 7,
  projectPath: "group/project",
  iid: 1,
  headSha: "a",
  flow: "default",
  trigger: "opened",
  state: "active",
  reason: null,
  waitingFor: null,
  waits: 0,
  attempts: 1,
  createdAtMs: 0,
  startedAtMs: 0,
  finishedAtMs: null,
  nextAttemptAtMs: null,
  event: toStoredEvent(mergeRequestEvent()),
  result: null,
  usage: NO_USAGE,
};

let runs = 0;

/** A worker with the memory of one merge request; every run has a journal of its own. */
export const createWorker = (
  place: { readonly forge: Forge },
  memory: Journal = createMemoryJournal(),
  more: Pick<ReviewOptions, "rules" | "lessons"> = {},
) => {
  let count = 0;
  const recorded: NewRunEvent[] = [];
  const startRun = (wrap: (journal: Journal) => Journal = (journal) => journal) => {
    runs += 1;
    count += 1;
    const trigger = count === 1 ? "opened" : "new-commits";
    const journal = wrap(createMemoryJournal());
    const id = `run-${runs}`;
    return (flow: FindingsFlow, attempts = 1, signal = new AbortController().signal): Promise<Settlement> => {
      const claim: Claim = {
        run: { ...run, id, attempts, trigger },
        token: null,
        journal,
        history: async () => NO_HISTORY,
        reviews: async () => undefined,
        memory,
        remembered: async () => [],
        record: async (events) => recorded.push(...events),
        signal,
      };
      const options = {
        gitlabUrl: "https://gitlab.example.com",
        token: new Secret("server-token"),
        createForge: () => place.forge,
        flows: new Map([["default", flow]]),
        clock: systemClock,
        logger: silentLogger,
        maxAttempts: 3,
        ...more,
      };
      return reviewRun(claim, options).catch((error: unknown) => settlementOfError(error, signal));
    };
  };
  return { startRun, review: (flow: FindingsFlow) => startRun()(flow), recorded };
};

/** Lines `0` to `count - 1`, changed where `change` says so. */
export const linesOf = (count: number, change: (line: number) => string | null = () => null): string =>
  Array.from({ length: count }, (_, line) => `${change(line) ?? `line ${line}`}\n`).join("");

/** The result of a run that was published. */
export const resultOf = (settlement: Settlement): JsonObject => {
  assert.ok("result" in settlement, JSON.stringify(settlement));
  const { result } = settlement;
  assert.ok(result !== null && typeof result === "object" && !Array.isArray(result));
  return Object.fromEntries(Object.entries(result));
};
