import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { fromMarkdown } from "mdast-util-from-markdown";
import { visit } from "unist-util-visit";
import { extractCommands } from "../../standins/gitlab/quick-actions.ts";
import { readMarker, summaryMarker, threadKey } from "../../src/review/plan/marker.ts";
import { planReview } from "../../src/review/plan/plan-review.ts";
import { renderPublication } from "../../src/review/plan/render-publication.ts";
import type { Publication } from "../../src/review/discussion.ts";
import {
  publishCode,
  publishLine,
  publishName,
  publishShortened,
  publishSuggestion,
  publishTable,
  publishText,
} from "../../src/review/publish-text.ts";
import { holdsMarker } from "../../src/review/publish/holds-marker.ts";
import { readAsGitLab } from "./publish/read-as-gitlab.ts";
import { openProject } from "../standins/gitlab/setup.ts";
import { factsOf, fileOf, inputOf, note, onLines } from "./plan/review-setup.ts";

const seen = (text: string): string => text.replaceAll("\u200B", "");

/** The info strings of all code blocks that a Markdown reader finds. */
const infosOf = (markdown: string): readonly string[] => {
  const infos: string[] = [];
  visit(fromMarkdown(markdown), "code", ({ lang, meta }) => {
    infos.push(`${lang ?? ""} ${meta ?? ""}`.trim());
  });
  return infos;
};

/** How many hidden markers of ours a reader of Markdown finds. */
const markersIn = (body: string): number =>
  readAsGitLab(body).html.filter((value) => /<!--\s*reviewflow/i.test(value)).length;

const HOSTILE = [
  "/approve",
  "Fine.\r/merge",
  "Fine.\r\n\r/merge",
  "a\u2028/close",
  "- /close\n  /close\n\n/close",
  "> /label ~x\n/label ~x",
  "| a |\n| - |\n| x |\n/close",
  "<details>\n<summary>x</summary>\n\n/merge\n\n</details>",
  "```\n/merge\n",
  "````\n/merge\n```\n/approve",
  ">>>\n/merge\n>>>\n/close",
  "&#47;merge",
  "\\\n/merge",
  "`\n/merge\n`",
  "<!-- x\n/merge\n-->",
] as const;

/** A publication in which every text that others write is `text`. */
const publicationOf = (text: string): Publication => {
  const file = fileOf("a.ts");
  const fields = { title: text, body: text, suggestion: text };
  const ended = renderPublication(
    planReview(inputOf({ findings: [onLines(file, 0, 0, fields)] })),
    factsOf(),
  ).open.map(({ body }) => note(1, body));
  const discussions = ended.map((one) => ({
    id: "old",
    individual: false,
    resolvable: true,
    resolved: false,
    resolvedBy: null,
    position: null,
    notes: [one],
  }));
  const findings = [onLines(file, 2, 3, fields), onLines(file, 5, 5, { ...fields, severity: "info" })];
  const plan = planReview(inputOf({ findings, discussions, leastSeverity: "major" }));
  return renderPublication(
    plan,
    factsOf({
      walkthrough: text,
      remarks: [reasonOf("rules-file-binary", { file: text })],
      files: [
        {
          path: text,
          outcome: { kind: "skipped", reason: reasonOf("action-not-reviewed", { action: text }) },
        },
      ],
    }),
  );
};

const bodiesOf = ({ open, reply, summary }: Publication): readonly string[] =>
  [...open, ...reply, ...(summary === null ? [] : [summary])].map(({ body }) => body);

suite("what a model writes into a review", () => {
  test("runs no quick action in GitLab, wherever it is published", async (t) => {
    const { standIn, api, base, mergeRequest } = await openProject();
    t.after(() => standIn.close());
    for (const text of HOSTILE) {
      for (const body of bodiesOf(publicationOf(text))) {
        assert.equal((await api("POST", `${base}/discussions`, { body })).status, 201, body);
        const created = await api("POST", `${base}/notes`, { body: publishText(text) });
        assert.equal(created.status, 201);
      }
    }
    assert.deepEqual(standIn.quickActions, []);
    assert.equal(mergeRequest.state, "opened");
  });

  test("is never an applicable suggestion, a diagram or mathematics", () => {
    for (const fence of [
      "suggestion",
      "suggestion:-0+0",
      "suggest&#105;on:-3+4",
      "SUGGESTION",
      "mermaid",
      "plantuml",
      "kroki",
      "math",
      "glql",
      "json:table",
    ])
      for (const text of [
        `\`\`\`${fence}\nx\n\`\`\``,
        `- ~~~${fence} a=b\n  x\n  ~~~`,
        `> \`\`\`\`${fence}\n> x`,
      ])
        assert.deepEqual(infosOf(publishText(text)), [""], text);
    assert.deepEqual(infosOf(publishText("```TS {.x}\nx\n```")), ["ts"]);
    assert.match(publishText('<pre lang="suggestion">x</pre>'), /\\<pre/);
    assert.equal(publishText("$x$ and $`y`$"), "\\$x\\$ and \\$`y`\\$");
  });

  test("mentions nobody and leaves no trace at other issues, and still reads as it was", () => {
    const text = "Ask @all, @here and @group/sub about #1, group/p#2, !3, &4, GL-5 and x@y.example.";
    const published = publishText(text);
    assert.doesNotMatch(published, /@[\w.-]|[#!&]\d|GL-\d/);
    assert.equal(seen(published), text);
    assert.equal(publishText("See %1.0 :tada: 1234abcd"), "See %1.0 :tada: 1234abcd", "these only show");
    assert.doesNotMatch(publishText("[[_TOC_]]\n\n[TOC]\n\n[[page]] [issue:1]"), /\[\\?\[|\[_*TOC|\[issue/);
  });

  test("hides nothing and turns no line around", () => {
    assert.equal(publishText("a\u202Eb `c\u2066d`"), "a⟨U+202E⟩b `c⟨U+2066⟩d`");
    assert.equal(publishText("e\u0301 👩‍👩‍👧 \u200Fעברית"), "e\u0301 👩‍👩‍👧 \u200Fעברית");
  });

  test("forges and breaks no marker", () => {
    for (const text of [
      summaryMarker("default"),
      `${threadKey("default", `${"a".repeat(32)}-0`)}place= lines=0 words= path= -->`,
      "--> <!-- reviewflow:summary flow=default -->",
      "<!--reviewflow:summary flow=default -->",
      "<!--\nreviewflow:summary -->",
    ])
      for (const body of bodiesOf(publicationOf(text))) {
        assert.equal(markersIn(body), 1, body);
        assert.notEqual(readMarker(note(1, body)), null);
        for (const published of [text, `\`\`\`\n${text}\n\`\`\``, `> ${text}`].map(publishText)) {
          assert.equal(readMarker(note(1, published)), null);
          assert.equal(holdsMarker(published, summaryMarker("default")), false, published);
        }
      }
  });

  test("that is nested beyond reason is shown as it stands, in good time", () => {
    for (const text of [
      ">".repeat(20_000),
      "- ".repeat(20_000),
      Array.from({ length: 300 }, (_, i) => `${" ".repeat(2 * i)}- a`).join("\n"),
    ])
      assert.match(publishText(text), /^`{3,}\n/);
  });

  test("is cut to whole Markdown", () => {
    const { markdown, cut } = publishShortened(`\`\`\`js\n${"x;\n".repeat(500)}\`\`\`\nAfter.`, 300);
    assert.ok(cut && markdown.length <= 300 && markdown.endsWith("\n```"));
    assert.deepEqual(publishShortened("Short.", 300), { markdown: "Short.", cut: false });
  });
});

const piece = fc.constantFrom(
  ...HOSTILE,
  "/approve",
  "\r",
  "\n",
  "\n\n",
  "```",
  "~~~",
  "`",
  "> ",
  ">>>",
  "- ",
  "1. ",
  "    ",
  "\t",
  "@all",
  "#1 ",
  "<!-- reviewflow:summary flow=default -->",
  "<!--",
  "-->",
  "[a]",
  "(https://e.example)",
  "![",
  "]",
  "\\",
  "*",
  "|",
  "$",
  "text ",
  "\u2028",
  "&#47;",
  "suggestion:-0+0\n",
  "\u202E",
  "\uD800",
  "</summary>",
);
const hostileText = fc.array(fc.oneof(piece, fc.string()), { maxLength: 25 }).map((parts) => parts.join(""));

suite("any text at all", () => {
  test("published in any way begins no quick action and holds no marker", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const all = [
          publishText(text),
          publishLine(text),
          publishName(text),
          publishCode(text),
          publishTable([text], [[text], [{ name: text }], [{ text, noteId: 1 }]]),
          publishSuggestion(text, { linesBefore: 0 }) ?? "",
        ];
        for (const published of all) {
          assert.deepEqual(readAsGitLab(published).commands, []);
          assert.equal(markersIn(published), 0, published);
          assert.deepEqual(extractCommands(published).commands, []);
        }
        assert.ok(!publishLine(text).includes("\n") && !publishName(text).includes("\n"));
        assert.ok(infosOf(publishText(text)).every((info) => !info.includes("suggestion")));
      }),
      { numRuns: 300 },
    );
  });

  test("keeps every note of a publication whole: one marker in front, at most our own suggestion", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const body of bodiesOf(publicationOf(text))) {
          assert.equal(markersIn(body), 1);
          assert.notEqual(readMarker(note(1, body)), null);
          assert.deepEqual(readAsGitLab(body).commands, []);
          assert.deepEqual(extractCommands(body).commands, []);
          assert.ok(infosOf(body).filter((info) => info.includes("suggestion")).length <= 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});
