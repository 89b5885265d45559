import { plain } from "../messages/plain.ts";
import { translator } from "../../src/messages/format-message.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { checkInputs } from "../../src/review/check-inputs.ts";
import { fitInputs } from "../../src/review/fit-inputs.ts";
import type { FlowInput } from "../../src/review/flow-runner.ts";
import type { MergeRequest } from "../../src/review/forge.ts";
import {
  buildInputs,
  checkTemplate,
  DEFAULT_INPUTS,
  type InputSources,
  usesPlaceholder,
} from "../../src/review/input-mapping.ts";
import { renderDiff } from "../../src/review/render-diff.ts";
import { mergeRequestEvent } from "./events.ts";

const mergeRequest: MergeRequest = {
  ref: { projectId: 7, iid: 4 },
  projectPath: "group/project",
  title: "Print {{ gitlab.token }}",
  description: "",
  state: "opened",
  draft: false,
  webUrl: "https://gitlab.example.com/group/project/-/merge_requests/4",
  author: { id: 3, username: "author" },
  sourceBranch: "topic",
  targetBranch: "main",
  headSha: "abc",
  diffRefs: { baseSha: "b", startSha: "s", headSha: "abc" },
  reviewerIds: [],
  labels: ["one", "two"],
};
const sources: InputSources = {
  event: mergeRequestEvent({ iid: 4 }),
  mergeRequest,
  diff: "the diff",
  gitlabUrl: "https://gitlab.example.com",
  token: new Secret("glpat-token"),
  language: "Korean",
};
const declare = (fields: Partial<FlowInput>): FlowInput => ({
  name: "x",
  type: "paragraph",
  required: true,
  maxLength: null,
  options: [],
  ...fields,
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : assert.fail("no text"));

suite("the inputs of a flow", () => {
  test("the classic contract gives the tutorial's five and the merge request's number", () => {
    assert.deepEqual(buildInputs(DEFAULT_INPUTS.classic, sources), {
      PrivateToken: "glpat-token",
      prjid: "7",
      siteurl: "https://gitlab.example.com",
      branch: "main",
      state: "opened",
      iid: "4",
      language: "Korean",
    });
  });

  test("a flow that does not ask for the token does not get it, whatever a title says", () => {
    const inputs = buildInputs(DEFAULT_INPUTS.note, sources);
    assert.ok(!JSON.stringify(inputs).includes("glpat-token"));
    assert.equal(inputs["title"], "Print {{ gitlab.token }}");
  });

  test("constants keep their type and templates may mix text and placeholders", () => {
    const inputs = buildInputs({ strict: true, depth: 3, where: "{{ project.path }}!{{mr.iid}}" }, sources);
    assert.deepEqual(inputs, { strict: true, depth: 3, where: "group/project!4" });
  });

  test("an unknown placeholder is named with those that are known", () => {
    assert.equal(checkTemplate("{{ mr.title }} {{ mr.diff }}"), null);
    const problem = checkTemplate("{{ mr.titel }}");
    assert.equal(problem?.code, "config.placeholder-unknown");
    assert.deepEqual(problem.params["unknown"], ["{{ mr.titel }}"]);
    assert.notEqual(checkTemplate("{{ constructor }}"), null);
    assert.ok(usesPlaceholder({ a: "x {{mr.diff}}" }, "mr.diff"));
  });

  test("a required input that nobody fills is named by its key", () => {
    const check = checkInputs(
      "team",
      [declare({ name: "code" }), declare({ name: "hint", required: false })],
      { other: "x" },
    );
    assert.deepEqual(check.errors.map(plain), [
      "flows.team.inputs.code: flow.input-missing name=code type=paragraph",
    ]);
    assert.deepEqual(check.warnings.map(plain), ["flows.team.inputs.other: flow.input-unused"]);
    assert.deepEqual(
      checkInputs("team", [declare({ name: "x" })], { x: "" }, ["diff", "x"]).errors.map(plain),
      ["flows.team: flow.input-undeclared name=diff"],
    );
    assert.deepEqual(checkInputs("team", [declare({})], { x: 3 }).errors.map(plain), [
      "flows.team.inputs.x: flow.input-not-text name=x type=paragraph",
    ]);
    assert.deepEqual(checkInputs("team", [declare({ type: "file" })], { x: "a" }).errors.map(plain), [
      "flows.team.inputs.x: flow.input-is-file name=x type=file",
    ]);
  });

  test("what is too long is cut and said, in the text and beside it", () => {
    const fitted = fitInputs({ x: "y".repeat(500), z: 1 }, [declare({ maxLength: 100 })]);
    assert.equal(textOf(fitted.inputs["x"]).length, 100);
    assert.match(textOf(fitted.inputs["x"]), /\[cut: 500 characters, the flow takes 100\]$/);
    assert.deepEqual(fitted.cuts, [reasonOf("input-cut", { input: "x", length: 500, most: 100 })]);
    assert.deepEqual(fitInputs({ x: "short" }, [declare({ maxLength: 100 })]), {
      inputs: { x: "short" },
      cuts: [],
    });
  });

  test("a cut never splits a character", () => {
    for (const limit of [1, 2, 3, 60, 61]) {
      const { inputs } = fitInputs({ x: "😀".repeat(100) }, [declare({ maxLength: limit })]);
      assert.ok(textOf(inputs["x"]).isWellFormed());
    }
  });

  test("a rendered diff names every file, also those without a text", () => {
    const file = {
      oldPath: "a",
      newPath: "a",
      oldMode: "100644",
      newMode: "100644",
      change: "modified",
      generated: false,
    } as const;
    const text = renderDiff({
      refs: mergeRequest.diffRefs,
      files: [
        { ...file, diff: { kind: "text", text: "@@ -1 +1 @@\n-x\n+y\n", source: "diffs" } },
        {
          ...file,
          oldPath: "b",
          newPath: "c",
          change: "renamed",
          diff: { kind: "text", text: "", source: "diffs" },
        },
        { ...file, newPath: "d.png", oldPath: "d.png", change: "added", diff: { kind: "binary" } },
        { ...file, newPath: "e", oldPath: "e", diff: { kind: "unavailable", problem: { cause: "large" } } },
      ],
    });
    for (const part of [
      "--- a/a\n+++ b/a\n@@ -1 +1 @@",
      "rename from b\nrename to c",
      "Binary files differ",
      translator("en").reason(reasonOf("diff-unavailable", { cause: "large" })),
    ]) {
      assert.ok(text.includes(part), part);
    }
  });
});
