import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import type { JsonObject } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createDifyRunner } from "../../../src/dify/dify-runner.ts";
import type { FlowEvent } from "../../../src/flow/flow-event.ts";
import { createClassicApp } from "../../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../../standins/dify/dify-stand-in.ts";
import { startGitLab } from "./dify-world.ts";

const review = async (siteurl: string, more: JsonObject = {}) => {
  await using standIn = await startDifyStandIn({
    apps: [await createClassicApp("app-classic")],
    scale: 0.001,
  });
  const events: FlowEvent[] = [];
  const inputs = {
    PrivateToken: "glpat-abcdef",
    prjid: "7",
    siteurl,
    branch: "master",
    state: "opened",
    ...more,
  };
  const outcome = await createDifyRunner({ baseUrl: standIn.url, apiKey: new Secret("app-classic") }).run({
    runId: "r1",
    inputs,
    journal: createMemoryJournal(),
    signal: new AbortController().signal,
    onEvent: (event) => void events.push(event),
  });
  return { outcome, events };
};

describe("the classic flow on the Dify stand-in", () => {
  it("lists, reads the diff, writes one note that says it is scripted, with the token of the input", async () => {
    await using gitlab = await startGitLab();
    const { outcome } = await review(gitlab.url, { iid: "3", language: "Korean" });
    assert.equal(outcome.status, "succeeded");
    assert.deepEqual(outcome.outputs, { status_codes: [201], error_message: "", error_type: "" });
    assert.deepEqual(
      gitlab.asked.map(({ method, url }) => `${method} ${url}`),
      [
        "GET /api/v4/projects/7/merge_requests?state=opened&per_page=30&iids%5B%5D=3",
        "GET /api/v4/projects/7/merge_requests/3/diffs?per_page=30",
        "POST /api/v4/projects/7/merge_requests/3/notes",
      ],
    );
    assert.ok(gitlab.asked.every(({ token }) => token === "glpat-abcdef"));
    const note = gitlab.asked.at(-1)?.body ?? "";
    assert.match(note, /모의\(mock\)/);
    assert.match(note, /a\.ts/);
    assert.ok(outcome.usage.totalTokens > 0);
  });
  it("sends the nodes that the file has, in the iteration where they are", async () => {
    await using gitlab = await startGitLab();
    const { events } = await review(gitlab.url, { language: "English" });
    const titles = events.flatMap((event) => (event.event === "node_started" ? [event.node.title] : []));
    assert.deepEqual(titles, [
      "Start",
      "MAKELISTURL",
      "GetMRList",
      "GetMRList results",
      "ADD DIFFS",
      "GET DIFF",
      "LLM",
      "MAKENOTESURL",
      "WRITE NOTES",
      "CHECK CODES",
      "End",
    ]);
    const llm = events.find((event) => event.event === "node_started" && event.node.title === "LLM");
    assert.ok(llm?.event === "node_started");
    assert.deepEqual(llm.node.container, { nodeId: "repeat", index: 0 });
    assert.match(JSON.stringify(events), /scripted review by a mock/);
  });
  it("goes down the error branch when GitLab refuses the list", async () => {
    await using gitlab = await startGitLab({ list: 301 });
    const { outcome } = await review(gitlab.url);
    assert.equal(outcome.status, "partial-succeeded");
    assert.match(JSON.stringify(outcome.outputs["error_message"]), /301/);
    assert.equal(outcome.outputs["error_type"], "HTTPResponseCodeError");
  });
  it("says which notes GitLab refused", async () => {
    await using gitlab = await startGitLab({ notes: 403 });
    const { outcome } = await review(gitlab.url);
    assert.match(JSON.stringify(outcome.outputs["error_message"]), /status 403/);
  });
});
