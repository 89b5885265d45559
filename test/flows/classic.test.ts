import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { withoutThoughts } from "../../src/base/thoughts.ts";
import { anyThoughts, THOUGHTS } from "../base/thoughts-cases.ts";
import { fc } from "../properties.ts";
import { readAsGitLab } from "../review/publish/read-as-gitlab.ts";
import { parse } from "yaml";
import { z } from "zod";

const Node = z.object({
  id: z.string().regex(/^\w{1,50}$/),
  type: z.string(),
  parentId: z.string().optional(),
  position: z.object({ x: z.number(), y: z.number() }),
  data: z.looseObject({ type: z.string(), title: z.string() }),
});
const Edge = z.object({
  id: z.string(),
  source: z.string(),
  sourceHandle: z.string(),
  target: z.string(),
  targetHandle: z.literal("target"),
  type: z.literal("custom"),
  data: z.object({
    isInIteration: z.boolean(),
    isInLoop: z.boolean(),
    iteration_id: z.string().optional(),
    sourceType: z.string(),
    targetType: z.string(),
  }),
});
const File = z.object({
  version: z.string(),
  kind: z.literal("app"),
  app: z.object({ name: z.string(), mode: z.literal("workflow"), icon: z.string() }),
  dependencies: z.array(z.unknown()),
  workflow: z.object({
    features: z.record(z.string(), z.unknown()),
    environment_variables: z.array(z.object({ name: z.string(), value_type: z.literal("string") })),
    conversation_variables: z.array(z.unknown()),
    graph: z.object({ nodes: z.array(Node), edges: z.array(Edge) }),
  }),
});

const text = readFileSync(new URL("../../flows/classic.yml", import.meta.url), "utf8");
const { workflow, version } = File.parse(parse(text));
const { nodes, edges } = workflow.graph;
const nodeById = new Map(nodes.map((node) => [node.id, node]));
const dataOf = (id: string) => nodeById.get(id)?.data ?? assert.fail(`no node ${id}`);

const named = z.array(z.looseObject({ variable: z.string() }));
/** What each kind of node gives to others. */
const outputsOf = (id: string): readonly string[] => {
  const data = dataOf(id);
  const failing = data["error_strategy"] === "fail-branch" ? ["error_message", "error_type"] : [];
  switch (data.type) {
    case "start":
      return named.parse(data["variables"]).map(({ variable }) => variable);
    case "code":
      return [...Object.keys(z.record(z.string(), z.unknown()).parse(data["outputs"])), ...failing];
    case "http-request":
      return ["status_code", "body", "headers", "files", ...failing];
    case "llm":
      return ["text", "reasoning_content", "usage", "finish_reason"];
    case "iteration":
      return ["output", "item", "index"];
    default:
      return [];
  }
};

/** Every selector and every `{{#…#}}` below a value. */
const references = (value: unknown): readonly (readonly string[])[] => {
  if (typeof value === "string") {
    return [...value.matchAll(/\{\{#([\w.]+)#\}\}/g)].map(([, path = ""]) => path.split("."));
  }
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key.endsWith("_selector") ? [z.array(z.string()).parse(inner)] : references(inner),
  );
};

const ancestorsOf = (id: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (at: string): void => {
    for (const { source } of edges.filter(({ target }) => target === at)) {
      if (found.has(source)) continue;
      found.add(source);
      visit(source);
    }
  };
  visit(id);
  const parent = nodeById.get(id)?.parentId;
  if (parent !== undefined) {
    found.add(parent);
    visit(parent);
  }
  return found;
};

const runMain = (id: string, inputs: object): Record<string, unknown> => {
  const script = `${String(dataOf(id)["code"])}\nJSON.stringify(main(JSON.parse(given)))`;
  const result: unknown = runInNewContext(script, { given: JSON.stringify(inputs) });
  return z.record(z.string(), z.unknown()).parse(JSON.parse(String(result)));
};

describe("flows/classic.yml as a file", () => {
  it("is a workflow app of a DSL version that Dify 1.x imports", () => {
    assert.match(version, /^0\.\d+\.\d+$/);
  });
  it("has the tutorial's nodes under their titles", () => {
    const titles = nodes.map(({ data }) => data.title);
    for (const title of ["Start", "GetMRList", "Repeat", "ADD DIFFS", "GET DIFF", "LLM", "MAKENOTESURL", "WRITE NOTES", "End"]) {
      assert.ok(titles.includes(title), title);
    }
    const inputs = named.parse(dataOf("start")["variables"]);
    assert.deepEqual(
      inputs.filter((input) => input["required"] === true).map(({ variable }) => variable),
      ["PrivateToken", "prjid", "siteurl", "branch", "state"],
    );
  });
  it("has unique ids and edges between nodes that exist, on handles that they have", () => {
    assert.equal(nodeById.size, nodes.length);
    assert.equal(new Set(edges.map(({ id }) => id)).size, edges.length);
    for (const edge of edges) {
      assert.equal(dataOf(edge.source).type, edge.data.sourceType);
      assert.equal(dataOf(edge.target).type, edge.data.targetType);
      const handles = dataOf(edge.source)["error_strategy"] === "fail-branch" ? ["source", "fail-branch"] : ["source"];
      assert.ok(handles.includes(edge.sourceHandle), edge.id);
    }
  });
  it("keeps what is in the iteration inside it", () => {
    const repeat = dataOf("repeat");
    const start = nodeById.get(String(repeat["start_node_id"]));
    assert.equal(start?.data.type, "iteration-start");
    assert.equal(start?.type, "custom-iteration-start");
    for (const edge of edges) {
      const parents = [edge.source, edge.target].map((id) => nodeById.get(id)?.parentId);
      assert.equal(parents[0], parents[1], edge.id);
      assert.equal(edge.data.isInIteration, parents[0] !== undefined);
      assert.equal(edge.data.iteration_id, parents[0]);
    }
  });
  it("reaches every node from the start, and ends on every way", () => {
    for (const { id, data, parentId } of nodes) {
      if (data.type === "start" || data.type === "iteration-start") continue;
      assert.ok(ancestorsOf(id).has(parentId === undefined ? "start" : "repeatstart"), id);
    }
    const leaves = nodes.filter(({ id, parentId }) => parentId === undefined && edges.every(({ source }) => source !== id));
    assert.ok(leaves.every(({ data }) => data.type === "end"));
  });
  it("refers only to outputs of nodes that come before", () => {
    const environment = workflow.environment_variables.map(({ name }) => name);
    for (const { id, data } of nodes) {
      for (const [from = "", name = ""] of references(data)) {
        if (from === "context" && name === "") continue;
        if (from === "env") assert.ok(environment.includes(name), `${id}: env.${name}`);
        else {
          const inside = data.type === "iteration" && nodeById.get(from)?.parentId === id;
          assert.ok(inside || ancestorsOf(id).has(from), `${id} refers to ${from}, which does not come before`);
          assert.ok(outputsOf(from).includes(name), `${id} refers to ${from}.${name}`);
        }
      }
    }
  });
  it("holds no secret: the token comes by its input alone", () => {
    for (const { data } of nodes.filter((node) => node.data.type === "http-request")) {
      assert.match(String(data["headers"]), /^Private-Token:\{\{#start\.PrivateToken#\}\}/);
    }
  });
});

describe("flows/classic.yml in its code nodes", () => {
  const list = { siteurl: "https://gitlab.test/sub/", prjid: "7", branch: "master", state: "opened", iid: null, language: null };
  it("asks for the branch's merge requests without an iid, in Korean unless told otherwise", () => {
    assert.deepEqual(runMain("makelisturl", list), {
      url: "https://gitlab.test/sub/api/v4/projects/7/merge_requests?state=opened&per_page=30&target_branch=master",
      project: "https://gitlab.test/sub/api/v4/projects/7",
      language: "Korean",
    });
    assert.doesNotMatch(String(runMain("makelisturl", { ...list, branch: "*" })["url"]), /target_branch/);
    assert.equal(runMain("makelisturl", { ...list, language: "English" })["language"], "English");
  });
  it("asks for one merge request with an iid, on whatever branch", () => {
    const { url } = runMain("makelisturl", { ...list, iid: "12", prjid: "group/project" });
    const { pathname, searchParams } = new URL(String(url));
    assert.equal(pathname, "/sub/api/v4/projects/group%2Fproject/merge_requests");
    assert.deepEqual([...searchParams], [["state", "opened"], ["per_page", "30"], ["iids[]", "12"]]);
    assert.throws(() => runMain("makelisturl", { ...list, iid: "1&x=2" }), /iid/);
  });
  it("gives at most the thirty addresses that a code node may give", () => {
    const body = JSON.stringify(Array.from({ length: 40 }, (_, iid) => ({ iid, web_url: `https://g/-/merge_requests/${iid}` })));
    const { results, count } = runMain("mrresults", { body });
    assert.equal(z.array(z.string()).parse(results).length, 30);
    assert.equal(count, 30);
    assert.throws(() => runMain("mrresults", { body: "<html>" }), /siteurl/);
    assert.throws(() => runMain("mrresults", { body: '{"message":"401"}' }), /list of merge requests/);
  });
  it("goes from the merge request to its diffs and to its notes", () => {
    const { url } = runMain("adddiffs", {
      web_url: "https://gitlab.test/sub/group/p/-/merge_requests/12",
      project: "https://gitlab.test/sub/api/v4/projects/7",
    });
    assert.equal(url, "https://gitlab.test/sub/api/v4/projects/7/merge_requests/12/diffs");
    const notes = runMain("makenotesurl", { diffs_url: url, text: "Good", headers: {}, first_sentence: "Automatic review" });
    assert.equal(notes["url"], "https://gitlab.test/sub/api/v4/projects/7/merge_requests/12/notes");
    assert.deepEqual(JSON.parse(String(notes["payload"])), { body: "Automatic review\n\nGood" });
  });
  const bodyOf = (written: string, headers: object = {}): string => {
    const { payload } = runMain("makenotesurl", { diffs_url: "https://g/diffs", text: written, headers, first_sentence: "" });
    return z.object({ body: z.string() }).parse(JSON.parse(String(payload))).body;
  };
  it("says when there were more files than it was given", () => {
    assert.match(bodyOf("Good", { "x-next-page": "2" }), /first 30 changed files/);
    assert.doesNotMatch(bodyOf("Good", { "x-next-page": "" }), /first 30/);
  });
  it("never writes anything that acts, whatever the model wrote", () => {
    const piece = fc.constantFrom("/merge", "/approve", "\n", "\n\n", "\r", "\r\n", "\u2028", " ", "    ", "\t", "@all", "\\@all", "@a/b", "#1 ", "!2", "GL-3", "![", "[a]", "[b]: ", "](https://x)", "https://e.example", "www.e.example", "x@y.example", "<img src=x>", "<!--", "-->", "<b>", "&#64;all", "&#47;merge", "&lt;", '"', "\\", "\\\\", "`", "``", "```", "````", "~~~", "```mermaid", "```suggestion:-0+0", "```js", "- ", "1. ", "> ", ">>>", "---", "+++", ";;;", "|", "| - |", "$", "*", "{{#start.PrivateToken#}}", "검토");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const body = bodyOf(`Review\n${pieces.join("")}`);
        const { commands, references, addresses, html, infos } = readAsGitLab(body);
        assert.deepEqual([commands, references, addresses, html], [[], [], [], []], JSON.stringify(body));
        assert.ok(infos.every((info) => info === "" || info === "js"), JSON.stringify(body));
        assert.ok(body.startsWith("Review"));
      }),
      { numRuns: 600 },
    );
  });
  it("runs nothing in a GitLab that searches the ends of code line by line", () => {
    for (const written of [
      "```\n```\n\n```\n/approve\n```",
      "```\n```\n\nText.\n\n```js\n/approve\n```\n\n```\n/merge\n```",
      "~~~\n~~~\n~~~\n/approve\n~~~",
      "- ```\n  ```\n- ```\n  /approve\n  ```",
      "````\n```\nx\n```\n````\n\n```\n/approve\n```",
      "~~~\n```\n~~~\n\n```\n/approve\n```",
      "```x``` is code\n\n```\n/approve\n```",
      "Text\n```x``` is code\n\n```\n/approve\n```",
      "```` ` ````\n\n```\n/approve\n```",
      "```",
      "```\n/approve",
    ])
      assert.deepEqual(readAsGitLab(bodyOf(`Review\n\n${written}`)).commands, [], written);
  });
  it("leaves code as it is, in blocks and in lines", () => {
    const written = "Use `@all[0] < 1` here:\n\n```ts\n// @all\n/^a$/u.test(<b>);\n\n```\n- ~~~\n  /merge\n  ~~~\n\n````\n```\n/x\n```\n````";
    const { blocks, spans, infos, commands } = readAsGitLab(bodyOf(written));
    assert.deepEqual(blocks, ["// @all\n/^a$/u.test(<b>);\n", "/merge", "```\n/x\n```"]);
    assert.deepEqual([spans, infos, commands], [["@all[0] < 1"], ["ts", "", ""], []]);
  });
  it("publishes no thoughts, as the product keeps them from every other note", () => {
    for (const [, written] of THOUGHTS) {
      const shown = withoutThoughts(written).trim();
      if (shown === "") assert.throws(() => bodyOf(written), /no text/);
      else assert.equal(bodyOf(written), bodyOf(shown), written);
    }
    fc.assert(
      fc.property(anyThoughts, (written) => {
        const shown = withoutThoughts(written).trim();
        if (shown !== "") assert.equal(bodyOf(written), bodyOf(shown));
        else assert.throws(() => bodyOf(written), /no text/);
      }),
    );
  });
  it("refuses to write an empty review", () => {
    assert.throws(() => bodyOf(" \n"), /no text/);
  });
  it("tells which notes were refused", () => {
    assert.deepEqual(runMain("checkcodes", { codes: [201, 201] }), { error_message: "", error_type: "" });
    assert.match(String(runMain("checkcodes", { codes: [201, 403] })["error_message"]), /1 of 2 notes \(status 403\)/);
    assert.deepEqual(runMain("checkcodes", { codes: [] }), { error_message: "", error_type: "" });
  });
});
