import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { hasAtLeast, type LocalReport } from "../../src/cli/review/local-report.ts";
import { renderCodeQuality } from "../../src/cli/review/render-code-quality.ts";
import { renderJson } from "../../src/cli/review/render-json.ts";
import { renderMarkdown } from "../../src/cli/review/render-markdown.ts";
import { renderReceipt } from "../../src/cli/review/render-receipt.ts";
import { renderSarif } from "../../src/cli/review/render-sarif.ts";
import { renderText } from "../../src/cli/review/render-text.ts";
import { finding, report } from "./review-report.ts";
import { wantsColour } from "../../src/cli/review/wants-colour.ts";
import { english as t } from "../messages/saying.ts";
import { describeReason } from "../../src/cli/describe-reason.ts";

const ESC = "\u001B";

const HOSTILE = [
  `${ESC}]8;;http://evil.example/${ESC}\\click`,
  `${ESC}]0;title\u0007`,
  `${ESC}[2J${ESC}[1;1H`,
  "\u009B2J\u009D52;c;aGk=\u009C",
  "safe\rover",
  "\u202Eredro\u2066",
  "a\bb\u007F\uD800",
].join(" ");

const hostile = finding({
  path: `src/${HOSTILE}.js`,
  title: `${HOSTILE}\n@all`,
  body: `${HOSTILE}\n/close\n![x](http://evil.example/x.png)`,
  suggestion: HOSTILE,
  code: HOSTILE,
});

const hostileReport = report([hostile], {
  name: HOSTILE,
  receipt: [
    { path: HOSTILE, outcome: { kind: "skipped", reason: reasonOf("flow-failed", { detail: HOSTILE }) } },
    {
      path: "a",
      outcome: { kind: "partly", sinceSha: "1", reason: reasonOf("over-limit", { detail: HOSTILE }) },
    },
  ],
  untracked: [HOSTILE],
  remarks: [reasonOf("steps-failed", { steps: 1, detail: HOSTILE })],
  notices: [reasonOf("setting-unknown", { file: HOSTILE, key: HOSTILE })],
});

// oxlint-disable-next-line no-control-regex
const ACTING = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/;

/** As the specification has it: what it requires, and of what it allows only what we write. */
const Region = z.strictObject({
  startLine: z.number().int().min(1),
  startColumn: z.number().int().min(1).optional(),
  endLine: z.number().int().min(1).optional(),
  endColumn: z.number().int().min(1).optional(),
});
const ArtifactLocation = z.strictObject({
  uri: z.string().refine((uri) => URL.canParse(uri, "file:///r/") && /^[!-~]+$/.test(uri)),
  uriBaseId: z.string(),
});
const Message = z.strictObject({ text: z.string().min(1) });
const Sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z
    .array(
      z.strictObject({
        tool: z.strictObject({
          driver: z.strictObject({
            name: z.string().min(1),
            rules: z.array(z.strictObject({ id: z.string().min(1), shortDescription: Message })),
          }),
        }),
        columnKind: z.literal("utf16CodeUnits"),
        invocations: z.array(
          z.strictObject({
            executionSuccessful: z.boolean(),
            toolExecutionNotifications: z.array(
              z.strictObject({ level: z.enum(["none", "note", "warning", "error"]), message: Message }),
            ),
          }),
        ),
        results: z.array(
          z.strictObject({
            ruleId: z.string(),
            ruleIndex: z.number().int().min(0),
            level: z.enum(["none", "note", "warning", "error"]),
            message: Message,
            locations: z.array(
              z.strictObject({
                physicalLocation: z.strictObject({ artifactLocation: ArtifactLocation, region: Region }),
              }),
            ),
            partialFingerprints: z.record(z.string(), z.string()),
            fixes: z
              .array(
                z.strictObject({
                  artifactChanges: z
                    .array(
                      z.strictObject({
                        artifactLocation: ArtifactLocation,
                        replacements: z
                          .array(
                            z.strictObject({
                              deletedRegion: Region,
                              insertedContent: z.strictObject({ text: z.string() }).optional(),
                            }),
                          )
                          .min(1),
                      }),
                    )
                    .min(1),
                }),
              )
              .optional(),
            properties: z.strictObject({ severity: z.string(), confidence: z.number() }),
          }),
        ),
      }),
    )
    .length(1),
});

const CodeQuality = z.array(
  z.strictObject({
    description: z.string().min(1),
    check_name: z.string().min(1),
    fingerprint: z.string().min(1),
    severity: z.enum(["info", "minor", "major", "critical", "blocker"]),
    location: z.strictObject({
      path: z.string().regex(/^(?!\.\/)/),
      lines: z.strictObject({ begin: z.number().int().min(1), end: z.number().int().min(1).optional() }),
    }),
  }),
);

const readSarif = (given: LocalReport) => {
  const [run] = Sarif.parse(JSON.parse(renderSarif(t, given))).runs;
  assert.ok(run !== undefined);
  return run;
};

const removed = finding({ side: "old", line: 9, endLine: 9, nearLine: 1, suggestion: null });
const ofFile = finding({ line: null, endLine: null, nearLine: 1, code: null });

describe("formats of a local review", () => {
  it("writes SARIF that holds what 2.1.0 requires", () => {
    const { results, tool } = readSarif(report([finding(), removed, ofFile, finding({ severity: "info" })]));
    assert.deepEqual(
      results.map(({ level }) => level),
      ["error", "error", "error", "note"],
    );
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    const [first] = results;
    assert.deepEqual(first?.locations[0]?.physicalLocation, {
      artifactLocation: { uri: "src/%ED%95%A9%20%EA%B3%84.js", uriBaseId: "%SRCROOT%" },
      region: { startLine: 3, endLine: 4 },
    });
    assert.equal(readSarif(report([])).results.length, 0);
    assert.equal(
      readSarif(report([], { remarks: [reasonOf("parts-failed", { failed: 1, parts: 2 })] })).invocations[0]
        ?.executionSuccessful,
      false,
    );
  });

  it("writes suggestions as SARIF's fixes", () => {
    const fixOf = (suggestion: string) =>
      readSarif(report([finding({ suggestion })])).results[0]?.fixes?.[0]?.artifactChanges[0]
        ?.replacements[0];
    assert.deepEqual(fixOf("c\nd"), {
      deletedRegion: { startLine: 3, endLine: 4 },
      insertedContent: { text: "c\nd" },
    });
    assert.deepEqual(fixOf(""), {
      deletedRegion: { startLine: 3, startColumn: 1, endLine: 5, endColumn: 1 },
    });
  });

  it("writes what GitLab's Code Quality report requires", () => {
    const entries = CodeQuality.parse(JSON.parse(renderCodeQuality(t, report([finding(), removed, ofFile]))));
    assert.deepEqual(
      entries.map(({ location }) => location.lines),
      [{ begin: 3, end: 4 }, { begin: 1 }, { begin: 1 }],
    );
    assert.equal(entries[0]?.location.path, "src/합 계.js");
    assert.equal(renderCodeQuality(t, report([])), "[]\n");
  });

  it("writes text without a single command of the terminal unless it is for one", () => {
    const given = report([finding({ suggestion: "c" }), removed]);
    assert.doesNotMatch(renderText(t, given, false), ACTING);
    const colourful = renderText(t, given, true);
    assert.match(colourful, /\]8;;file:\/\/[^/]*\/repo\/src\/%ED%95%A9%20%EA%B3%84\.js#L3/);
    // oxlint-disable-next-line no-control-regex
    const plain = colourful.replaceAll(/\u001B\]8;;[^\u001B]*\u001B\\|\u001B\[\d+m/g, "");
    assert.equal(plain, renderText(t, given, false));
  });

  it("lets nobody else speak to the terminal", () => {
    for (const render of [renderJson, renderSarif, renderCodeQuality, renderMarkdown, renderReceipt])
      assert.doesNotMatch(render(t, hostileReport), ACTING, render.name);
    assert.doesNotMatch(renderText(t, hostileReport, false), ACTING);
    const ours = renderText(t, hostileReport, true)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001B\]8;;(?:file:[!-~]*)?\u001B\\|\u001B\[\d+m/g, "");
    assert.doesNotMatch(ours, ACTING);
  });

  it("keeps what JSON holds as it is", () => {
    const parsed = z
      .object({ findings: z.array(z.object({ title: z.string(), suggestion: z.string() })) })
      .parse(JSON.parse(renderJson(t, hostileReport)));
    assert.deepEqual(parsed.findings, [{ title: hostile.title, suggestion: HOSTILE }]);
    Sarif.parse(JSON.parse(renderSarif(t, hostileReport)));
    CodeQuality.parse(JSON.parse(renderCodeQuality(t, hostileReport)));
  });

  it("writes Markdown in which nothing acts", () => {
    const text = renderMarkdown(t, hostileReport);
    assert.doesNotMatch(text, /^\/close/m);
    assert.doesNotMatch(text, /!\[/);
    const place = t("cli.review.line", { lines: "3-4" });
    const shown = renderMarkdown(t, report([finding({ suggestion: "c" })]));
    assert.ok(shown.includes(`${place}, **${t("severity.major")}**`));
    assert.ok(renderMarkdown(t, report([])).includes(t("summary.no-findings")));
  });

  it("tells what was not reviewed and what it took", () => {
    const text = renderReceipt(
      t,
      report([], {
        receipt: [
          { path: "a", outcome: { kind: "reviewed", sinceSha: "1" } },
          { path: "b", outcome: { kind: "skipped", reason: reasonOf("binary") } },
          { path: "c", outcome: { kind: "partly", sinceSha: "1", reason: reasonOf("over-limit") } },
        ],
        below: 2,
        untracked: Array.from({ length: 25 }, (_, index) => `u${index}`),
      }),
    );
    const reasons = { b: reasonOf("binary"), c: reasonOf("over-limit") };
    const tokens = t("usage.tokens", { total: 1_234, input: 1_000, output: 234 });
    const lines = [
      t("cli.review.not-reviewed"),
      `  ${t("cli.review.skipped", { path: "b", reason: describeReason(reasons.b, t) })}`,
      `  ${t("cli.review.in-part", { path: "c", reason: describeReason(reasons.c, t) })}`,
      t("cli.review.untracked"),
      ...Array.from({ length: 20 }, (_, index) => `  u${index}`),
      `  ${t("live.more-files", { count: 5 })}`,
      t("cli.review.below", { count: 2 }),
      t("cli.review.cost", { tokens, cost: "0.0123", currency: "USD" }),
    ];
    assert.deepEqual(text.trimEnd().split("\n"), lines);
  });

  it("uses colours in a terminal where nobody asks for none", () => {
    assert.equal(wantsColour({ TERM: "xterm" }, true), true);
    assert.equal(wantsColour({ NO_COLOR: "" }, true), true);
    assert.equal(wantsColour({ NO_COLOR: "0" }, true), false);
    assert.equal(wantsColour({ TERM: "dumb" }, true), false);
    assert.equal(wantsColour({}, false), false);
  });

  it("compares severities", () => {
    const major = report([finding()]);
    assert.equal(hasAtLeast(major, "critical"), false);
    assert.equal(hasAtLeast(major, "major"), true);
    assert.equal(hasAtLeast(major, "info"), true);
    assert.equal(hasAtLeast(report([]), "info"), false);
  });
});
