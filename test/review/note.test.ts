import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatMessage } from "../../src/messages/format-message.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { FlowOutcome } from "../../src/review/flow-runner.ts";
import { noteMarker, renderNote } from "../../src/review/note-text.ts";
import { readClassicOutcome, readNoteOutcome } from "../../src/review/read-outcome.ts";
import { message } from "../../src/messages/message.ts";

const outcome = (fields: Partial<FlowOutcome>): FlowOutcome => ({
  status: "succeeded",
  outputs: {},
  error: null,
  usage: NO_USAGE,
  ...fields,
});

suite("the note of a review", () => {
  test("begins with its marker and ends with the commit", () => {
    const note = renderNote({
      flow: "team",
      language: "English",
      headSha: "0123456789abcdef",
      markdown: "Good.",
      models: ["gpt-4.1"],
      remarks: ["Cut."],
    });
    assert.ok(note.startsWith(`${noteMarker("team")}\nGood.`));
    assert.match(note, /> Cut\./);
    assert.ok(note.includes(formatMessage("en", "note.commit", { sha: "0123456789ab" })));
    assert.ok(note.includes(formatMessage("en", "note.models", { names: "gpt-4.1" })));
  });

  test("a text that is too long is cut below GitLab's limit, and says so", () => {
    const note = renderNote({
      flow: "team",
      language: "English",
      headSha: "abc",
      markdown: `x${" word".repeat(59_999)}1234`,
      models: [],
      remarks: [],
    });
    assert.ok(note.length <= 1_000_000);
    assert.ok(note.includes(formatMessage("en", "note.cut", { length: 300_000 })));
  });

  test("a classic flow that reports an error failed, whatever its status", () => {
    const reading = readClassicOutcome(
      outcome({ status: "partial-succeeded", outputs: { error_message: "401 Unauthorized" } }),
    );
    assert.deepEqual(reading, {
      kind: "failed",
      reason: reasonOf("flow-reported-error", { detail: "401 Unauthorized" }),
    });
    assert.equal(readClassicOutcome(outcome({ outputs: { error_message: " " } })).kind, "done");
  });

  test("a failed or stopped flow is a failure with its reason", () => {
    for (const read of [readClassicOutcome, (it: FlowOutcome) => readNoteOutcome(it, null)]) {
      const failed = read(outcome({ status: "failed", error: "LLM is tired" }));
      assert.deepEqual(failed, {
        kind: "failed",
        reason: reasonOf("flow-failed", { detail: "LLM is tired" }),
      });
      assert.equal(read(outcome({ status: "stopped" })).kind, "failed");
    }
  });

  test("the only text is the review; several need a name", () => {
    const text = readNoteOutcome(outcome({ outputs: { review: "Fine.", count: 3 } }), null);
    assert.ok(text.kind === "done" && text.markdown === "Fine." && !text.partial);
    const unclear = readNoteOutcome(outcome({ outputs: { a: "x", b: "y" } }), null);
    assert.deepEqual(unclear, {
      kind: "failed",
      reason: reasonOf("flow-output-unclear", { outputs: ["a", "b"] }),
    });
    const named = readNoteOutcome(outcome({ outputs: { a: "x", b: "y" } }), "b");
    assert.ok(named.kind === "done" && named.markdown === "y");
    assert.equal(readNoteOutcome(outcome({ outputs: { a: "x" } }), "b").kind, "failed");
    assert.equal(readNoteOutcome(outcome({ outputs: { a: " \n" } }), null).kind, "failed");
  });

  const ASK_FAILED = message("step.failed", { step: "ASK", error: "no answer" });

  test("a partly failed flow is told apart and remarked on", () => {
    const reading = readNoteOutcome(
      outcome({ status: "partial-succeeded", outputs: { a: "x" }, failedNodes: [ASK_FAILED] }),
      null,
    );
    assert.ok(reading.kind === "done" && reading.partial);
    assert.deepEqual(reading.remark, reasonOf("steps-failed", { steps: 1, detail: ASK_FAILED }));
    const retried = readNoteOutcome(outcome({ status: "partial-succeeded", outputs: { a: "x" } }), null);
    assert.ok(retried.kind === "done" && !retried.partial && retried.remark === null);
  });
});
