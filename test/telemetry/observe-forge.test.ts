import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { GitLabError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Publication } from "../../src/review/discussion.ts";
import type { Forge } from "../../src/review/forge.ts";
import { observeForge } from "../../src/telemetry/observe-forge.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";
import { startCollector } from "./collector.ts";
import { parsePrometheus, valueOf } from "./prometheus-text.ts";

const REF = { projectId: 7, iid: 3 };
const PUBLICATION: Publication = {
  open: [],
  reply: [],
  builtOn: [],
  summary: null,
  addLabels: [],
  status: null,
};
test("publications are told with what became of their threads, failures with their code, and passed on", async () => {
  await using collector = await startCollector();
  const telemetry = await createTelemetry({
    otlpEndpoint: collector.url,
    serviceName: "test",
    now: Date.now,
    logger: silentLogger,
  });
  const error = new GitLabError(verbatim("the text of a note"), { code: "gitlab-forbidden", status: 403 });
  const receipt = {
    threads: new Map([
      ["a", { kind: "published", noteId: 7 } as const],
      ["b", { kind: "refused", reason: "the text of a note" } as const],
      ["c", { kind: "present", noteId: 8 } as const],
    ]),
    summary: { noteId: 5, outcome: "updated" as const },
    way: "drafts" as const,
    isStatusSet: true,
  };
  const writing: Pick<Forge, "publish" | "upsertNote" | "reply"> = {
    publish: async () => receipt,
    upsertNote: () => Promise.reject(error),
    reply: async () => ({ kind: "present", noteId: 9 }),
  };
  const forge = observeForge(writing, { ...telemetry, now: Date.now });
  assert.equal(await forge.publish(REF, PUBLICATION), receipt);
  await assert.rejects(forge.upsertNote(REF, { marker: "m", body: "the text of a note" }), error);
  const draft = { discussionId: "d", marker: "m", body: "the text of a note", resolve: false };
  assert.deepEqual(await forge.reply(REF, draft), { kind: "present", noteId: 9 });
  await telemetry.stop();
  const [published, failed, replied, ...others] = collector.spans;
  assert.equal(others.length, 0);
  assert.deepEqual(published?.attributes, {
    "reviewflow.publish.what": "review",
    "reviewflow.publish.way": "drafts",
    "reviewflow.publish.published": 1,
    "reviewflow.publish.present": 1,
    "reviewflow.publish.refused": 1,
    "reviewflow.publish.note": "updated",
  });
  assert.equal(replied?.attributes["reviewflow.publish.reply"], "present");
  assert.ok(failed?.isError);
  assert.equal(failed.attributes["error.type"], "gitlab-forbidden");
  assert.doesNotMatch(collector.bodies.join(), /the text of a note/);
  const { text } = await telemetry.metrics.render(async () => assert.fail("no store"));
  const families = parsePrometheus(text);
  assert.equal(valueOf(families, "reviewflow_publications_total", { outcome: "succeeded" }), 2);
  assert.equal(valueOf(families, "reviewflow_publications_total", { outcome: "failed" }), 1);
  assert.equal(valueOf(families, "reviewflow_publish_notes_total", { outcome: "updated" }), 1);
});
