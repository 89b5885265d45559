import { message } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureFromDify } from "../../src/dify/dify-failure.ts";

test("what Dify calls a wrong parameter gets the advice that helps", () => {
  const adviceFor = (said: string): unknown =>
    failureFromDify("POST /x", { code: "invalid_param", message: said, status: 400 }, { status: 400 }).what
      .params["advice"];
  assert.deepEqual(adviceFor("Workflow not published"), message("dify.advice.publish"));
  assert.deepEqual(adviceFor("Model gemini-2.5-flash not exist."), message("dify.advice.plugin"));
  assert.deepEqual(adviceFor("diff is required in input form"), message("dify.advice.inputs"));
});
