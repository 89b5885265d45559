import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Finding } from "../../../src/review/finding.ts";
import { anchorFinding } from "../../../src/review/findings/anchor-findings.ts";
import { fileOf, findingOf, hunkOf } from "./files.ts";

const FILE = fileOf(
  hunkOf(1, 1, [
    " function f(user) {",
    "-    return old(user);",
    "+    if (user == null) {",
    "+        throw new Error();",
    "+    }",
    "+    const name = user.name;",
    "     return greet(name);",
    " }",
  ]),
);
const IF = "    if (user == null) {\n        throw new Error();\n    }";

const fit = (fields: Partial<Finding>, file = FILE): Finding =>
  anchorFinding(findingOf(fields), [file]).finding;
const suggest = (quote: string, suggestion: string, file = FILE) =>
  fit({ quote, suggestion }, file).suggestion;

suite("a suggestion that fits its lines", () => {
  test("stays as it is", () => {
    assert.equal(
      suggest("    const name = user.name;", "    const { name } = user;"),
      "    const { name } = user;",
    );
  });

  test("gets back the indentation that was dropped from all of it", () => {
    assert.equal(
      suggest(IF, "if (!user) {\n    throw new Error();\n}"),
      "    if (!user) {\n        throw new Error();\n    }",
    );
    assert.equal(suggest("const name = user.name;", "const { name } = user;"), "    const { name } = user;");
    assert.equal(
      suggest("const name = user.name;", "for x in y:\n    print(x)"),
      "    for x in y:\n        print(x)",
    );
  });

  test("gets back the indentation that was trimmed from its first line", () => {
    assert.equal(
      suggest(IF, "if (!user) {\n        throw new Error();\n    }"),
      "    if (!user) {\n        throw new Error();\n    }",
    );
    assert.equal(
      suggest("const name = user.name;", "const name = user.name;\n    log(name);"),
      "    const name = user.name;\n    log(name);",
    );
  });

  test("loses fences, gutters, diff signs and a line feed at its end", () => {
    const fixed = "    const { name } = user;";
    for (const suggestion of [
      `\`\`\`js\n${fixed}\n\`\`\``,
      `\`\`\`suggestion:-0+0\n${fixed}\n\`\`\`\n`,
      `     6 + | ${fixed}`,
      `-    const name = user.name;\n+${fixed}`,
      `@@ -6,1 +6,1 @@\n-    const name = user.name;\n+${fixed}`,
      `+${fixed}`,
      `${fixed}\n`,
    ])
      assert.equal(suggest("    const name = user.name;", suggestion), fixed, suggestion);
  });

  test("is dropped when it would change nothing", () => {
    const same = fit({ quote: IF, suggestion: "if (user == null) {\n    throw new Error();\n}" });
    assert.equal(same.suggestion, null);
    assert.equal(same.body, "Body.");
  });

  test("deletes the lines when it is a line feed", () => {
    assert.equal(suggest("const name = user.name;", "\n"), "");
  });

  test("keeps list items and tables that look like diffs or gutters", () => {
    const list = fileOf(hunkOf(1, 1, ["+- one", "+- two"]));
    assert.equal(suggest("- one\n- two", "- first\n- second", list), "- first\n- second");
    const added = fileOf(hunkOf(1, 1, ["+steps:"]));
    assert.equal(suggest("steps:", "steps:\n- run: a", added), "steps:\n- run: a");
    const numbers = fileOf(hunkOf(1, 1, ["+1 | a", "+2 | b"]));
    assert.equal(suggest("1 | a\n2 | b", "1 | c\n2 | d", numbers), "1 | c\n2 | d");
  });

  test("for a part of a line it keeps the rest of it", () => {
    assert.equal(
      suggest("const name = user.name", "const name = user.fullName;"),
      "    const name = user.fullName;",
    );
    assert.equal(suggest("user.name", "user.fullName"), null);
  });
});

suite("a suggestion that does not fit moves into the body", () => {
  const moves = (fields: Partial<Finding>, file = FILE): void => {
    const { suggestion, body } = fit(fields, file);
    assert.equal(suggestion, null);
    assert.match(body, /^Body\.\n\n```\n[\s\S]+\n```$/);
  };

  test("on removed lines, alone and among others", () => {
    moves({ side: "old", quote: "    return old(user);", suggestion: "x();" });
    moves({ quote: "-    return old(user);\n+    if (user == null) {", suggestion: "x();" });
  });

  test("beside the lines that are meant", () => {
    moves({ line: 40, suggestion: "x();" });
    moves({ quote: "nowhere at all", line: 5, suggestion: "x();" });
    moves({ line: 7, endLine: 20, suggestion: "x();" });
    moves({ path: "src/other.ts", suggestion: "x();" });
  });

  test("when it rewrites lines beyond the ones it stands for", () => {
    moves({
      quote: "    const name = user.name;",
      suggestion: "    const { name } = user;\n    return greet(name);",
    });
  });

  test("with diff markers or placeholders that are no code", () => {
    moves({ quote: "const name = user.name;", suggestion: "<<<<<<< ours\nx();\n>>>>>>> theirs" });
    moves({ quote: "const name = user.name;", suggestion: "x();\n@@ -1,2 +1,2 @@\ny();" });
    moves({ quote: "const name = user.name;", suggestion: 'const token = "[masked: gitlab-token]";' });
    moves({ quote: "const name = user.name;", suggestion: "    6 + | a();\nb();" });
  });

  test("beyond a hundred lines", () => {
    const lines = Array.from({ length: 120 }, (_, index) => `+call(${index});`);
    const long = fileOf(hunkOf(1, 1, lines));
    moves({ line: 1, endLine: 120, suggestion: "loop();" }, long);
    moves({ line: 1, suggestion: lines.map((line) => line.replace("+call", "run")).join("\n") }, long);
  });

  test("of several lines between carriage returns, since GitLab would mix line ends", () => {
    const crlf = fileOf(hunkOf(1, 1, ["+a();\r", "+b();\r"]));
    moves({ quote: "a();\nb();", suggestion: "c();\nd();" }, crlf);
    assert.equal(suggest("a();\nb();", "c();", crlf), "c();");
    assert.equal(suggest("a();", "a();", crlf), null);
  });

  test("in a fence that is longer than any in it, and not twice", () => {
    const { body } = fit({ line: 900, suggestion: "a\n```\nb" });
    assert.equal(body, "Body.\n\n````\na\n```\nb\n````");
    assert.equal(fit({ line: 900, body: "Write `x();`.", suggestion: "x();" }).body, "Write `x();`.");
  });
});
