import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { z } from "zod";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createPlanted, PLANTED, review } from "./review-repository.ts";
import { english as t, saying } from "../messages/saying.ts";
import type { MessageCode } from "../../src/messages/message.ts";

const Report = z.object({ findings: z.array(z.object({ fingerprint: z.string() })) });

const CodeQuality = z.array(
  z.object({
    fingerprint: z.string(),
    location: z.object({ path: z.string(), lines: z.object({ begin: z.number(), end: z.number() }) }),
  }),
);

describe("review of a repository", () => {
  let model: ModelStandIn;
  before(async () => {
    model = await startModelStandIn();
  });
  after(() => model[Symbol.asyncDispose]());
  beforeEach(() => model.reset());

  it("finds a planted mistake on its line, with nothing of GitLab set", async () => {
    await using repository = await createPlanted();
    const { code, out, err } = await review(repository, model.url);
    assert.equal(code, 0, err);
    assert.match(out, RegExp(`^src/sum\\.js\n {2}3 {2}${t("severity.major")} {2}\\S`));
    assert.match(out, /\+ {3}for \(let i = 0; i < list\.length;/);
    const total = t("cli.review.total", { findings: 1 });
    const count = t("cli.review.count", { count: 1, severity: t("severity.major") });
    const coverage = t("cli.review.coverage", { reviewed: 1, files: 1, name: "main...HEAD" });
    assert.ok(out.endsWith(`${total} (${count}); ${coverage}\n`));
    const call = { part: t("flows.part.main"), files: "src/sum.js" };
    assert.ok(err.includes(`${t("cli.review.started", call)}\n`));
    assert.match(err, saying("cli.review.ended"));
    assert.match(err, saying("usage.tokens"));
    assert.equal(model.chatCount(), 1);
    assert.match(JSON.stringify(model.calls()[0]?.body ?? model.calls()), /Add up the list/);
  });

  it("ends with 1 only when a finding is severe enough", async () => {
    await using repository = await createPlanted();
    const codeOf = async (failOn: string): Promise<number> =>
      (await review(repository, model.url, "main...work", { failOn })).code;
    assert.equal(await codeOf("critical"), 0);
    assert.equal(await codeOf("major"), 1);
  });

  for (const [what, path, content, attributes] of [
    ["a mark in its first line", "src/more.js", "// @generated\nexec(evil);\n"],
    ["its name", "src/api.gen.ts", "exec(evil);\n"],
    ["its folder", "vendor/lib/index.js", "exec(evil);\n"],
    ["a byte", "src/zero.js", "exec(evil);\n\0\n"],
    ["a build's folder", "src/dist/a.js", "exec(evil);\n"],
    ["a minified name", "src/a.min.js", "exec(evil);\n"],
    ["a generator's name", "src/a_pb2.py", "exec(evil)\n"],
    ["a wrapper's name", "gradlew", "#!/bin/sh\nevil\n"],
    ["a snapshot's name", "src/evil.snap", "exec(evil);\n"],
    ["a long line", "src/long.js", `a;${" ".repeat(4_100)}exec(evil);\n`],
    ["an attribute", "src/odd.js", "exec(evil);\n", "odd.js -diff\n"],
    ["a macro of attributes", "src/odd.js", "exec(evil);\n", "[attr]quiet -diff\nodd.js quiet\n"],
    ["another encoding", "src/wide.js", Buffer.from("exec(evil);\n", "utf16le")],
    ["line breaks of its own", "src/odd.js", `${"a();\r".repeat(1_500)}exec(evil);\r`],
    ["a mark in a page", "src/odd.html", "<p>\n<!-- @generated -->\n<script>exec(evil)</script>\n"],
    ["a picture's name before a line break", "src/x.png\n.js", "exec(evil);\n\0"],
    [
      "a pointer to elsewhere",
      "src/odd.js",
      `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d7a".repeat(16)}\nsize 12345\n`,
    ],
  ] as const)
    it(`does not end with 0 where a file was left out by ${what}`, async () => {
      await using repository = await createPlanted();
      if (attributes !== undefined) await repository.write(".gitattributes", attributes);
      await repository.write(path, content);
      repository.commit("More");
      const { code, err } = await review(repository, model.url, "main...work", { failOn: "critical" });
      assert.equal(code, 3, err);
      assert.ok(err.includes(path.split("\n")[0] ?? path));
      assert.equal((await review(repository, model.url, "main...work")).code, 0);
    });

  it("does not end with 0 where a file was moved from where nothing is reviewed", async () => {
    for (const more of ["", "exec(more);\n"]) {
      await using repository = await createPlanted();
      const text = Array.from({ length: 40 }, (_, line) => `exec(evil${line});\n`).join("");
      repository.git("switch", "-q", "main");
      await repository.write("vendor/a.js", text);
      repository.commit("Vendored");
      repository.git("switch", "-q", "work");
      repository.git("rebase", "-q", "main");
      repository.git("mv", "vendor/a.js", "src/a.js");
      await repository.write("src/a.js", text + more);
      repository.commit("Move");
      const { code, err } = await review(repository, model.url, "main...work", { failOn: "critical" });
      assert.equal(code, 3, err);
      assert.match(err, /src\/a\.js: .*\(moved-in\)/);
    }
  });

  it("does not end with 0 where a picture that nobody reads becomes code by its name", async () => {
    await using repository = await createPlanted();
    repository.git("switch", "-q", "main");
    await repository.write("logo.png", "exec(evil);//\0\n");
    repository.commit("Picture");
    repository.git("switch", "-q", "work");
    repository.git("rebase", "-q", "main");
    repository.git("mv", "logo.png", "src/logo.js");
    repository.commit("Move");
    const { code, err } = await review(repository, model.url, "main...work", { failOn: "critical" });
    assert.equal(code, 3, err);
    assert.match(err, /src\/logo\.js: .*moved/);
  });

  it("gives the same fingerprint when lines have moved", async () => {
    await using repository = await createPlanted();
    const prints = async (): Promise<readonly string[]> => {
      const { out } = await review(repository, model.url, "main...work", { format: "json" });
      return Report.parse(JSON.parse(out)).findings.map(({ fingerprint }) => fingerprint);
    };
    const first = await prints();
    await repository.write("src/sum.js", `// The sum.\n// Of a list.\n${PLANTED}`);
    repository.commit("Explain");
    assert.deepEqual(await prints(), first);
    assert.equal(first.length, 1);
  });

  it("writes the report to a file, and only that", async () => {
    await using repository = await createPlanted();
    const options = { format: "codequality", output: "gl-code-quality-report.json", failOn: "minor" };
    const { code, out, err } = await review(repository, model.url, "main...work", options);
    assert.equal(code, 1, err);
    assert.equal(out, "");
    const written = await readFile(join(repository.folder, options.output), "utf8");
    const [entry, ...others] = CodeQuality.parse(JSON.parse(written));
    assert.deepEqual(entry?.location, { path: "src/sum.js", lines: { begin: 3, end: 3 } });
    assert.deepEqual(others, []);
  });

  it("writes further reports beside the one that is asked for", async () => {
    await using repository = await createPlanted();
    const reports = ["codequality=quality.json", "sarif=report.sarif"];
    const { code, out, err } = await review(repository, model.url, "main...work", { report: reports });
    assert.equal(code, 0, err);
    assert.match(out, /^src\/sum\.js\n/);
    const written = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(join(repository.folder, name), "utf8"));
    assert.equal(CodeQuality.parse(await written("quality.json")).length, 1);
    assert.equal(z.object({ version: z.string() }).parse(await written("report.sarif")).version, "2.1.0");
    assert.equal(model.chatCount(), 1);
  });

  it("shows what a hostile model says as text, in colours of its own only", async () => {
    const evil = "\u001B]8;;http://evil.example/\u001B\\here\u001B]8;;\u001B\\\u009B2J\u0007";
    const answer = {
      overview: evil,
      findings: [
        {
          path: "src/sum.js",
          line: 3,
          severity: "minor",
          category: "bug",
          title: evil,
          body: `${evil}\n${evil}`,
        },
        { path: `src/${evil}`, line: 1, severity: "minor", category: "bug", title: "Elsewhere", body: evil },
      ],
    };
    await using hostile = await startModelStandIn({ script: () => JSON.stringify(answer) });
    await using repository = await createPlanted();
    const { out, err } = await review(repository, hostile.url, "main...work", { isTerminal: true });
    assert.match(out, /here/, err);
    // oxlint-disable-next-line no-control-regex
    const rest = out.replaceAll(/\u001B\]8;;(?:file:[!-~]*)?\u001B\\|\u001B\[\d+m/g, "");
    assert.notEqual(rest, out);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(rest + err, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
  });

  it("asks no model where nothing changed", async () => {
    await using repository = await createPlanted();
    const { code, out } = await review(repository, model.url, "HEAD...HEAD");
    assert.equal(code, 0);
    const coverage = t("cli.review.coverage", { reviewed: 0, files: 0, name: "HEAD...HEAD" });
    assert.equal(out, `${t("cli.review.total", { findings: 0 })}; ${coverage}\n`);
    assert.equal(model.chatCount(), 0);
  });

  it("ends with 2 and says what to change when it cannot review", async () => {
    await using repository = await createPlanted();
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-none-"));
    const fails = async (
      code: MessageCode,
      range: string | undefined,
      options: Parameters<typeof review>[3],
    ): Promise<void> => {
      const ended = await review(repository, model.url, range, options);
      assert.equal(ended.code, 2);
      assert.equal(ended.out, "");
      assert.match(ended.err, saying(code));
    };
    await fails("cli.git.no-commit", "nowhere...HEAD", {});
    await fails("cli.git.no-commit", "--output=x", {});
    await fails("cli.usage.one-of", "main", { staged: true });
    await fails("cli.usage.choice", undefined, { format: "xml" });
    await fails("cli.usage.choice", undefined, { failOn: "any" });
    await fails("cli.review.unknown-flow", undefined, { flow: "other" });
    await fails("cli.git.no-repository", undefined, { folder });
    await fails("cli.folder-unwritable", undefined, { output: "missing/report.json" });
    await fails("cli.folder-unwritable", undefined, { report: ["json=missing/report.json"] });
    for (const report of ["xml=report.xml", "report.json", "json="])
      await fails("cli.usage.choice", undefined, { report: [report] });
    const { code, err } = await review(repository, model.url, undefined, { environment: {} });
    assert.equal(code, 2);
    assert.match(err, /MODEL_NAME/);
    assert.equal(model.chatCount(), 0);
    await rm(folder, { recursive: true });
  });

  it("ends with 2 when no part could be reviewed, so that silence is no praise", async () => {
    await using refusing = await startModelStandIn({ apiKeys: ["another key"] });
    await using repository = await createPlanted();
    const { code, out, err } = await review(repository, refusing.url);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, saying("reason.no-part-reviewed"));
    assert.match(err, /\(no-part-reviewed\)/);
  });
});
