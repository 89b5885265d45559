import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { SECRET } from "../e2e/start.ts";
import { startGitLabWorld } from "./gitlab-world.ts";

const Payload = z.looseObject({ object_attributes: z.looseObject({}) });

test("an event without an action is answered with 200 and a reason, and one of a system hook is reviewed", async () => {
  await using world = await startGitLabWorld();
  const { team, store } = world;
  const hook = team.project.hooks[0] ?? assert.fail("no hook");
  const post = (payload: unknown, event: string) =>
    fetch(hook.url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-gitlab-token": SECRET, "x-gitlab-event": event },
      body: JSON.stringify(payload),
    });
  const mergeRequest = await world.open([
    { action: "write", path: "src/a.js", content: "export const a = 1;\n" },
  ]);
  await world.runs(mergeRequest);
  const sent = Payload.parse(JSON.parse(hook.deliveries[0]?.body ?? "null"));
  const { action: _action, ...attributes } = sent.object_attributes;

  // What GitLab's button "Test" sends.
  const tested = await post({ ...sent, object_attributes: attributes }, "Merge Request Hook");
  assert.equal(tested.status, 200);
  const [newest] = await store.listDeliveries({ limit: 1 });
  assert.equal(newest?.reason.code, "action-not-reviewed");

  // The event of this push is lost, so that the one below is the first of its head.
  team.project.hooks.length = 0;
  const head = await world.push(mergeRequest, [
    { action: "write", path: "src/b.js", content: "export const b = 1;\n" },
  ]);
  const reopened = await post(
    { ...sent, object_attributes: { ...attributes, action: "reopen", last_commit: { id: head } } },
    "System Hook",
  );
  assert.ok(reopened.ok);
  const [, second] = await world.runs(mergeRequest, 2);
  assert.deepEqual(
    [second?.trigger, second?.state],
    ["reopened", "succeeded"],
    JSON.stringify(second?.reason),
  );
});
