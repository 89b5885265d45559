import { message } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { suite, test } from "node:test";
import { open } from "../dify/fault-world.ts";
import { finished, frame, nodeFinished, startScriptedDify, started } from "../dify/scripted-dify.ts";

const REVIEW = "검토 🙂 done";
const END = finished({ outputs: { answer: REVIEW } });
const encode = (frames: readonly object[], lineEnd = "\n"): string =>
  frames
    .map((one) => `event: ping${lineEnd}${lineEnd}data: ${JSON.stringify(one)}${lineEnd}${lineEnd}`)
    .join("");

/** Writes each byte by itself, one after the other has gone out. */
const byteByByte = (response: ServerResponse, text: string): void => {
  const bytes = Buffer.from(text);
  const write = (at: number): void => {
    if (at === bytes.length) response.end();
    else response.write(bytes.subarray(at, at + 1), () => setImmediate(write, at + 1));
  };
  response.socket?.setNoDelay(true);
  write(0);
};

suite("bug 46: a run's stream is read however it comes", () => {
  for (const [name, lineEnd] of [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
  ] as const)
    test(`one byte at a time, lines that end in ${name}, a ping before every event`, async () => {
      const text = encode([started, nodeFinished({ outputs: { text: REVIEW } }), END], lineEnd);
      await using dify = await startScriptedDify([{ stream: (response) => byteByByte(response, text) }]);
      const outcome = await dify.run();
      assert.deepEqual([outcome.status, outcome.outputs], ["succeeded", { answer: REVIEW }]);
      assert.deepEqual(
        dify.events.map(({ event }) => event),
        ["workflow_started", "node_finished", "workflow_finished"],
      );
      assert.equal(dify.users.length, 1);
    });

  test("30,000 pieces of text before the end", async () => {
    const piece = frame("text_chunk", { text: "가", from_variable_selector: ["n", "text"] });
    const text = encode([started, ...Array.from({ length: 30_000 }, () => piece), END]);
    await using dify = await startScriptedDify([{ stream: (response) => void response.end(text) }]);
    const outcome = await dify.run();
    assert.deepEqual([outcome.status, outcome.outputs], ["succeeded", { answer: REVIEW }]);
    assert.equal(dify.events.filter(({ event }) => event === "text_chunk").length, 30_000);
  });

  test("paused for a person: the run fails with a message that names the node", async () => {
    await using world = await open({ app: { program: async () => ({ status: "paused", outputs: {} }) } });
    const outcome = await world.run();
    assert.equal(outcome.status, "failed");
    assert.deepEqual(outcome.error, message("dify.waits-for-person"));
  });
});
