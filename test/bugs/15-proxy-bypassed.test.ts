import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { runBehindProxy } from "./proxy-run.ts";

const Printed = z.object({ dify: z.string(), patient: z.string() });

test("bug 15: models that are waited for long, and Dify, passed the proxy by that Node's own switch names", async () => {
  const { hosts, printed } = await runBehindProxy({ HTTP_PROXY: "", NODE_USE_ENV_PROXY: "1" });
  const { dify, patient } = Printed.parse(JSON.parse(printed));
  assert.deepEqual([dify, patient], ["1.14.2", "hi"]);
  assert.equal(hosts.filter((host) => host.startsWith("model.invalid")).length, 2);
  assert.equal(hosts.filter((host) => host.startsWith("dify.invalid")).length, 1);
});
