import { formatMessage } from "../../src/messages/format-message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { FileAction } from "../../standins/gitlab/repository.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { ReviewResult } from "../../src/review/review-result.ts";
import type { Run, Store } from "../../src/store/store.ts";
import { setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually } from "./team.ts";

const FLOWS = [{ name: "review", file: "builtin:review" }];

/** A loop that goes one step past the end, which the scripted model finds. */
const pastTheEnd = (name: string): string =>
  `export const ${name} = (list) => {\n  for (let i = 0; i <= list.length; i++) console.log(list[i]);\n};\n`;

const ended = (store: Store): Promise<Run> =>
  eventually("the review to end", async () =>
    (await store.listRuns({ limit: 5 })).find(({ finishedAtMs }) => finishedAtMs !== null),
  );

const review = async (actions: readonly FileAction[]) => {
  await using gitlab = await startGitLabStandIn();
  await using model = await startModelStandIn();
  const team = await createTeam(gitlab);
  await using setup = await setUpEmbedded(team, model, { flows: FLOWS });
  await using reviewflow = await startEmbedded(setup);
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  await gitlab.push(team.project, { branch: "topic", user: team.author, actions });
  // Who we are is asked once in a server's life, at its start.
  await eventually(
    "the greeting",
    async () => gitlab.requests.some(({ path }) => path.endsWith("/user")) || undefined,
  );
  gitlab.clearRequests();
  const mergeRequest = await gitlab.openMergeRequest(team.project, {
    author: team.author,
    sourceBranch: "topic",
    title: "A topic",
  });
  const run = await ended(reviewflow.store);
  // What the server may have missed it asks for by itself, not for this merge request.
  const calls = gitlab.requests.filter(
    ({ path, query }) => path !== "/api/v4/projects" && !("updated_after" in query),
  );
  const view = await gitlab.viewMergeRequest(mergeRequest);
  assert.deepEqual(gitlab.failures, []);
  return { run, calls, view, result: ReviewResult.parse(run.result), chats: model.chatCount() };
};

suite("the review flow that comes with Reviewflow, over the whole way", () => {
  // One of them asks whether the target branch is protected: who may write it chooses the rules.
  test("costs at most 17 calls of GitLab for five files, threads and the reaction that shows it included", async () => {
    const names = ["one", "two", "three", "four", "five"];
    const { run, calls, view, result } = await review(
      names.map((name, index) => ({
        action: "write",
        path: `src/${name}.js`,
        content: index < 4 ? pastTheEnd(name) : `export const ${name} = ${index};\n`,
      })),
    );
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    assert.equal(view.discussions.filter((one) => !one.individual_note).length, 4);
    assert.ok(calls.length <= 17, calls.map(({ method, path }) => `${method} ${path}`).join("\n"));
    assert.equal(result.files.length, 5);
  });

  test("leaves no file of two hundred out of the receipt", async () => {
    const actions = Array.from({ length: 200 }, (_, index) => {
      const path =
        index % 20 === 7
          ? `web/dist/bundle-${index}.min.js`
          : index % 20 === 13
            ? `packages/p${index}/package-lock.json`
            : `src/part-${index % 7}/module-${index}.js`;
      return {
        action: "write" as const,
        path,
        content: index % 50 === 1 ? pastTheEnd(`f${index}`) : `export const n${index} = ${index};\n`,
      };
    });
    const { run, view, result } = await review(actions);
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    assert.deepEqual(
      result.files.map(({ path }) => path).toSorted(),
      actions.map(({ path }) => path).toSorted(),
    );
    assert.equal(result.files.filter(({ outcome }) => outcome.kind === "reviewed").length, 180);
    const summary = view.notes.find(({ body }) => body.includes("<!-- reviewflow:summary "))?.body ?? "";
    const files = { reviewed: 180, partly: 0, skipped: 20 };
    assert.ok(summary.includes(formatMessage("en", "coverage.heading", files)));
    assert.equal(view.discussions.filter((one) => !one.individual_note).length, 4);
  });
});
