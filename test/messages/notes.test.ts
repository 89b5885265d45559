import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { PEER_KINDS } from "../../src/base/outside.ts";
import { type Reason, REASONS, reasonFrom, reasonOf } from "../../src/base/reason.ts";
import { readTexts, translator } from "../../src/messages/format-message.ts";
import { namedIn } from "./named-in.ts";
import { LANGUAGES } from "../../src/messages/language.ts";
import { ROLES } from "../../src/review/commands/may-command.ts";
import { renderHelp } from "../../src/review/conversation/render-help.ts";
import { type AnchoredFinding, CATEGORIES, SEVERITIES } from "../../src/review/finding.ts";
import { noteMarker, renderNote } from "../../src/review/note-text.ts";
import { ownThreads } from "../../src/review/plan/marker.ts";
import { renderPublication } from "../../src/review/plan/render-publication.ts";
import { renderReminder } from "../../src/review/plan/render-reminder.ts";
import type { ReviewPlan } from "../../src/review/plan/review-plan.ts";
import type { FileReceipt } from "../../src/review/receipt.ts";
import { factsOf, fileOf, onLines, REFS, reviewInTurn } from "../review/plan/review-setup.ts";
import { isOfOtherScript, latinSentences } from "./latin-sentences.ts";

const A = fileOf("a.ts");
const FROM_MODEL = { title: "«title»", body: "«body»" };

/** One finding of every category, over the severities in turn. */
const findings = CATEGORIES.map((category, index) =>
  onLines(A, index % 4, index % 4, {
    ...FROM_MODEL,
    category,
    severity: SEVERITIES[index % SEVERITIES.length] ?? "info",
  }),
);
const [first = onLines(A, 0, 0), second = first, third = first] = findings;

/** A text that is too long, and code that is too long to be suggested. */
const awkward = [
  onLines(A, 1, 1, { ...FROM_MODEL, body: "«»".repeat(9_000), unverified: true }),
  onLines(A, 1, 1, { ...FROM_MODEL, suggestion: "«»".repeat(9_000) }),
];

const planned = (found: AnchoredFinding) => ({ fingerprint: `${"f".repeat(32)}-0`, found });
const kept = (found: AnchoredFinding, noteId: number, resolved: boolean) => ({
  ...planned(found),
  discussionId: `d${noteId}`,
  noteId,
  resolved,
});

/** Whatever a review can come to. */
const plan: ReviewPlan = {
  open: [...awkward, ...findings].map(planned),
  keep: [kept(second, 7, false), kept(third, 8, true)],
  resolve: [
    { fingerprint: `${"e".repeat(32)}-0`, discussionId: "e1", why: "fixed" },
    { fingerprint: `${"e".repeat(32)}-1`, discussionId: "e2", why: "code-gone" },
  ],
  fold: (["limit", "severity", "confidence", "no-place"] as const).map((why) => ({ found: first, why })),
  builtOn: [],
  summaryNoteId: null,
};

/** A value of each kind that a reason's parameters have. */
const SAMPLES = { text: "«x»", number: 2, flag: true, texts: ["«x»", "«y»"], time: 0 } as const;

/** Every reason that there is. */
const reasons: readonly Reason[] = Object.entries(REASONS).map(([code, kinds]) =>
  reasonFrom(code, Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, SAMPLES[kind]]))),
);

const sinceSha = REFS.headSha;

const files: readonly FileReceipt[] = [
  { path: "a.ts", outcome: { kind: "reviewed", sinceSha } },
  { path: "b.ts", outcome: { kind: "partly", sinceSha, reason: reasonOf("over-limit") } },
  ...reasons.map((reason): FileReceipt => ({
    path: `${reason.code}.ts`,
    outcome: { kind: "skipped", reason },
  })),
];
const usage = {
  totalTokens: 12_345,
  promptTokens: 12_000,
  completionTokens: 345,
  totalPrice: 0.5,
  currency: "USD",
};

const publicationIn = (language: string): readonly string[] => {
  const facts = factsOf({
    language,
    showConfidence: true,
    files,
    remarks: reasons.slice(-5),
    rejected: 1,
    refuted: 2,
    usage,
    status: { name: "review", failsFrom: "major" },
  });
  const { open, reply, summary, status } = renderPublication(plan, facts);
  const nothing = { open: [], keep: [], resolve: [], fold: [], builtOn: [], summaryNoteId: null };
  const unsplit = { ...usage, promptTokens: null, completionTokens: null };
  const manyFiles = Array.from({ length: 201 }, (_, at) => ({
    path: `${at % 3}/a.ts`,
    outcome: { kind: "reviewed", sinceSha } as const,
  }));
  const silent = renderPublication(nothing, { ...facts, files: manyFiles, usage: unsplit });
  return [
    summary?.body ?? "",
    silent.summary?.body ?? "",
    ...[...open, ...reply].map(({ body }) => body.replaceAll(/(?:«»){2,}/gu, "«…»")),
    status?.description ?? "",
    silent.status?.description ?? "",
  ];
};

const othersIn = (language: string): readonly string[] => {
  const t = translator(language);
  const { discussions } = reviewInTurn([{ findings: [first] }]);
  const remindedOf = Array.from({ length: 25 }, () => ownThreads(discussions, "default")).flat();
  const postponed = t("budget.postponed", { setting: "budgets.total.runs", limit: 5, until: 0 });
  const problems = ["unknown-command", "unknown-option", "option-value", "too-many-paths"] as const;
  return [
    renderReminder(remindedOf, { runId: "1", language, quietMs: 3 * 86_400_000 }).body,
    renderNote({ flow: "review", language, headSha: null, markdown: postponed, models: [], remarks: [] }),
    renderNote({
      flow: "review",
      language,
      headSha: sinceSha,
      markdown: "«»".repeat(150_000),
      models: ["gpt-4.1"],
      remarks: [],
    }).replaceAll(/(?:«»){2,}/gu, "«…»"),
    ...problems.map((code) => renderHelp(t, "bot", { code, text: "«x»" })),
    ...ROLES.map((role) => t("conversation.role-too-low", { role: t(`role.${role}`) })),
    ...reasons.map((reason) => t("conversation.not-reviewed", { reason: t.reason(reason) })),
    t("conversation.description-acts"),
    t("conversation.withdrawn"),
    t("conversation.last-reply"),
    t("conversation.resolved"),
    t("conversation.ignored"),
    t("conversation.no-finding"),
    t("conversation.paused", { resume: "`@bot resume`" }),
    t("conversation.resumed"),
    t("conversation.no-answers"),
    t("conversation.answer-failed"),
    t("conversation.under-review"),
    // Every reason stands above; what is around it does not depend on which one it is.
    t("conversation.review-failed", { reason: t.reason(reasonOf("head-already-reviewed")) }),
    t("progress.failed", { reason: t.reason(reasonOf("head-already-reviewed")), command: "`@bot review`" }),
    t("progress.retrying", { reason: t.reason(reasonOf("head-already-reviewed")) }),
    ...PEER_KINDS.map((kind) => t("progress.waiting", { peer: t(`progress.peer.${kind}`), since: 0 })),
    ...(["pending", "success", "failed", "canceled"] as const).map((state) => t(`status.${state}`)),
  ];
};

const ROOT = join(import.meta.dirname, "../..");

/** What makes texts for merge requests. */
const MAKERS = [
  "src/review/plan/**/*.ts",
  "src/review/conversation/**/*.ts",
  "src/review/note-text.ts",
  "src/worker/**/*.ts",
];

/** What stands in a message beside its parameters, that of all alternatives included. */
const literalsOf = (text: string): readonly string[] => {
  const parts: string[] = [];
  const walk = (elements: readonly MessageFormatElement[]): void => {
    for (const element of elements) {
      if (element.type === TYPE.literal) parts.push(element.value.replaceAll(/\s+/gu, " ").trim());
      if ("options" in element) for (const { value } of Object.values(element.options)) walk(value);
    }
  };
  walk(parse(text, { ignoreTag: true }));
  return parts.filter((part) => /\p{L}{2}/u.test(part));
};

suite("what is said in a merge request", () => {
  for (const language of LANGUAGES) {
    const texts = [...publicationIn(language), ...othersIn(language)].map((text) =>
      text.replaceAll(noteMarker("review"), "").trim(),
    );

    test(`is that of the catalogue: ${language}`, (t) => {
      t.assert.fileSnapshot(
        texts.join("\n\n=====\n\n"),
        join(import.meta.dirname, `snapshots/notes.${language}.md`),
        { serializers: [String] },
      );
    });

    if (isOfOtherScript(language))
      test(`holds no English but code, names and what others wrote: ${language}`, () => {
        assert.deepEqual(texts.flatMap(latinSentences), []);
      });
  }

  test("holds every message that the makers of notes name", () => {
    const named = namedIn(
      globSync(MAKERS, { cwd: ROOT })
        .map((file) => readFileSync(join(ROOT, file), "utf8"))
        .join("\n"),
    );
    // What a worker throws is a reason's detail, which no note has; see surfaces.test.ts.
    const wanted = [...readTexts("en")].filter(
      ([code]) => named(code) && !/^(?:reason|store)\.|^budget\.candidates/u.test(code),
    );
    assert.ok(wanted.length > 80);
    const said = [...publicationIn("en"), ...othersIn("en")].join("\n").replaceAll(/\s+/gu, " ");
    const isSaid = ([, text]: readonly [string, string]): boolean => {
      const parts = literalsOf(text);
      return parts.length === 0 || parts.some((part) => said.includes(part));
    };
    assert.deepEqual(
      wanted.filter((one) => !isSaid(one)).map(([code]) => code),
      [],
    );
  });

  test("in English would be seen", () => {
    assert.ok(publicationIn("en").flatMap(latinSentences).length > 20);
  });
});
