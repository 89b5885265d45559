import assert from "node:assert/strict";
import { test } from "node:test";
import { failureFromDify } from "../../src/dify/dify-failure.ts";

test("what Dify calls a wrong parameter gets the advice that helps", () => {
  const adviceFor = (message: string): string =>
    failureFromDify("the run", { code: "invalid_param", message, status: 400 }, { status: 400 }).message;
  assert.match(adviceFor("Workflow not published"), /publish the workflow in Dify/);
  assert.doesNotMatch(adviceFor("Workflow not published"), /inputs/);
  assert.match(adviceFor("Model gemini-2.5-flash not exist."), /model's provider/);
  assert.match(adviceFor("diff is required in input form"), /flow's inputs/);
});
