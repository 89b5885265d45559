import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAddress, readPipeline } from "../../src/cli/review/choose-merge-request.ts";
import { ENOUGH, load } from "../config/config-setup.ts";

describe("bug 29: /api/v4 in the address of GitLab", () => {
  for (const [given, address] of [
    ["https://gitlab.example.com/api/v4", "https://gitlab.example.com"],
    ["https://host.example/gitlab/api/v4/", "https://host.example/gitlab"],
  ] as const)
    it(`${given} is GitLab's address with the path of its API, for serve and review`, () => {
      assert.equal(load({ ...ENOUGH, GITLAB_URL: given }).gitlab.url, address);
      const place = { serverUrl: address, project: "group/project", iid: 3 };
      assert.deepEqual(readAddress(`${address}/group/project/-/merge_requests/3`, given), place);
      const pipeline = { GITLAB_URL: given, CI_MERGE_REQUEST_IID: "3", CI_PROJECT_ID: "7" };
      assert.deepEqual(readPipeline(pipeline), { ...place, project: "7" });
    });

  it("what is no address is refused by review, too", () => {
    assert.throws(() => readAddress("https://gitlab.example.com/p/-/merge_requests/3", "gitlab"), {
      code: "config-invalid",
    });
  });
});
