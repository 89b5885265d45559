import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runBehindProxy } from "./proxy-run.ts";

suite("bug 14: HTTP_PROXY and HTTPS_PROXY were ignored", () => {
  for (const name of ["HTTP_PROXY", "http_proxy"]) {
    test(`${name} counts for GitLab, Dify and models, patient or not, and never for loopback`, async () => {
      const { seen, hosts, printed } = await runBehindProxy({ [name]: "" });
      assert.deepEqual(JSON.parse(printed), {
        gitlab: 200,
        dify: "1.14.2",
        model: "hi",
        patient: "hi",
        loopback: 200,
      });
      assert.deepEqual(
        hosts.map((host) => host.replace(/:80$/, "")),
        ["gitlab.invalid", "dify.invalid", "model.invalid", "model.invalid"],
      );
      assert.equal(seen.length, 5);
    });
  }

  test("NO_PROXY leaves hosts out", async () => {
    const { hosts, printed } = await runBehindProxy({
      HTTP_PROXY: "",
      NO_PROXY: "gitlab.invalid,model.invalid",
    });
    assert.deepEqual(
      hosts.map((host) => host.replace(/:80$/, "")),
      ["dify.invalid"],
    );
    assert.match(printed, /"gitlab":"ENOTFOUND|"gitlab":"EAI/);
  });
});
