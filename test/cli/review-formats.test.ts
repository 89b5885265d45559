import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { hasAtLeast, type LocalFinding, type LocalReport } from "../../src/cli/review/local-report.ts";
import { renderCodeQuality } from "../../src/cli/review/render-code-quality.ts";
import { renderJson } from "../../src/cli/review/render-json.ts";
import { renderMarkdown } from "../../src/cli/review/render-markdown.ts";
import { renderReceipt } from "../../src/cli/review/render-receipt.ts";
import { renderSarif } from "../../src/cli/review/render-sarif.ts";
import { renderText } from "../../src/cli/review/render-text.ts";
import { wantsColour } from "../../src/cli/review/wants-colour.ts";

const ESC = "\u001B";

const finding = (more: Partial<LocalFinding> = {}): LocalFinding => ({
  path: "src/합 계.js",
  side: "new",
  line: 3,
  endLine: 4,
  nearLine: 3,
  code: "a\nb",
  severity: "major",
  category: "error-handling",
  confidence: 0.9,
  title: "Past the end",
  body: "The loop runs once too often.",
  suggestion: null,
  fingerprint: "0123456789abcdef0123456789abcdef-0",
  ...more,
});

const report = (findings: readonly LocalFinding[], more: Partial<LocalReport> = {}): LocalReport => ({
  name: "main...HEAD",
  root: "/repo",
  flow: "default",
  findings,
  below: 0,
  receipt: [{ path: "src/합 계.js", outcome: { kind: "reviewed", sinceSha: "1" } }],
  untracked: [],
  remarks: [],
  notices: [],
  usage: {
    totalTokens: 1234,
    promptTokens: 1000,
    completionTokens: 234,
    totalPrice: 0.0123,
    currency: "USD",
  },
  ...more,
});

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
  const [run] = Sarif.parse(JSON.parse(renderSarif(given))).runs;
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
    const entries = CodeQuality.parse(JSON.parse(renderCodeQuality(report([finding(), removed, ofFile]))));
    assert.deepEqual(
      entries.map(({ location }) => location.lines),
      [{ begin: 3, end: 4 }, { begin: 1 }, { begin: 1 }],
    );
    assert.equal(entries[0]?.location.path, "src/합 계.js");
    assert.equal(renderCodeQuality(report([])), "[]\n");
  });

  it("writes text without a single command of the terminal unless it is for one", () => {
    const given = report([finding({ suggestion: "c" }), removed]);
    assert.doesNotMatch(renderText(given, false), ACTING);
    const colourful = renderText(given, true);
    assert.match(colourful, /\]8;;file:\/\/[^/]*\/repo\/src\/%ED%95%A9%20%EA%B3%84\.js#L3/);
    // oxlint-disable-next-line no-control-regex
    const plain = colourful.replaceAll(/\u001B\]8;;[^\u001B]*\u001B\\|\u001B\[\d+m/g, "");
    assert.equal(plain, renderText(given, false));
  });

  it("lets nobody else speak to the terminal", () => {
    for (const render of [renderJson, renderSarif, renderCodeQuality, renderMarkdown, renderReceipt])
      assert.doesNotMatch(render(hostileReport), ACTING, render.name);
    assert.doesNotMatch(renderText(hostileReport, false), ACTING);
    const ours = renderText(hostileReport, true)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001B\]8;;(?:file:[!-~]*)?\u001B\\|\u001B\[\d+m/g, "");
    assert.doesNotMatch(ours, ACTING);
  });

  it("keeps what JSON holds as it is", () => {
    const parsed = z
      .object({ findings: z.array(z.object({ title: z.string(), suggestion: z.string() })) })
      .parse(JSON.parse(renderJson(hostileReport)));
    assert.deepEqual(parsed.findings, [{ title: hostile.title, suggestion: HOSTILE }]);
    Sarif.parse(JSON.parse(renderSarif(hostileReport)));
    CodeQuality.parse(JSON.parse(renderCodeQuality(hostileReport)));
  });

  it("writes Markdown in which nothing acts", () => {
    const text = renderMarkdown(hostileReport);
    assert.doesNotMatch(text, /^\/close/m);
    assert.doesNotMatch(text, /!\[/);
    assert.match(renderMarkdown(report([finding({ suggestion: "c" })])), /line 3-4, \*\*major\*\*/);
    assert.match(renderMarkdown(report([])), /No findings/);
  });

  it("tells what was not reviewed and what it took", () => {
    const text = renderReceipt(
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
    assert.match(text, /Not reviewed:\n {2}b: .*\(binary\)\n {2}c: in part, .*\(over-limit\)\n/);
    assert.match(text, / {2}u19\n {2}and 5 more\n/);
    assert.match(text, /2 findings are below/);
    assert.match(text, /1,234 tokens \(1,000 input, 234 output\), 0\.0123 USD\n$/);
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
