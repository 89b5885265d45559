import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Hop } from "../../src/egress/redirect.ts";
import { planRedirect } from "../../src/egress/redirect.ts";

const hop = (more: Partial<Hop> = {}): Hop => ({
  method: "POST",
  url: new URL("https://one.example/start"),
  headers: [
    ["Authorization", "Bearer s"],
    ["PRIVATE-TOKEN", "s"],
    ["X-My-Own-Key", "s"],
    ["Cookie", "s"],
    ["Accept", "*/*"],
    ["Content-Type", "application/json"],
  ],
  body: new Uint8Array([1]),
  ...more,
});

const follow = (start: Hop, status: number, location: string): Hop => {
  const plan = planRedirect(start, status, location);
  assert.equal(plan.kind, "follow");
  return plan.kind === "follow" ? plan.hop : start;
};

describe("planRedirect", () => {
  it("rewrites methods as httpx does", () => {
    const expected = [
      ["POST", 301, "GET"],
      ["PUT", 301, "PUT"],
      ["POST", 302, "GET"],
      ["DELETE", 302, "GET"],
      ["HEAD", 302, "HEAD"],
      ["PUT", 303, "GET"],
      ["HEAD", 303, "HEAD"],
      ["POST", 307, "POST"],
      ["PATCH", 308, "PATCH"],
    ] as const;
    for (const [method, status, after] of expected) {
      assert.equal(follow(hop({ method }), status, "/next").method, after, `${method} ${status}`);
    }
  });

  it("drops the body and its headers with the method, and keeps them otherwise", () => {
    const rewritten = follow(hop(), 303, "/next");
    assert.equal(rewritten.body, null);
    assert.equal(
      rewritten.headers.some(([name]) => name === "Content-Type"),
      false,
    );
    assert.deepEqual(follow(hop(), 307, "/next").body, new Uint8Array([1]));
  });

  it("keeps secrets within the origin and drops every header that could hold one elsewhere", () => {
    const names = (next: Hop): readonly string[] => next.headers.map(([name]) => name);
    assert.equal(names(follow(hop(), 307, "/next")).includes("X-My-Own-Key"), true);
    for (const elsewhere of ["https://two.example/", "https://one.example:8443/", "http://one.example/"]) {
      assert.deepEqual(names(follow(hop(), 307, elsewhere)), ["Accept", "Content-Type"], elsewhere);
    }
  });

  it("counts http to https of the same host as the same origin", () => {
    const start = hop({ url: new URL("http://one.example/") });
    assert.equal(
      follow(start, 301, "https://one.example/").headers.some(([name]) => name === "Authorization"),
      true,
    );
  });

  it("takes no credentials from a Location", () => {
    assert.equal(follow(hop(), 302, "https://user:pw@two.example/").url.href, "https://two.example/");
  });

  it("ends at other statuses and without a Location, and refuses other schemes", () => {
    assert.equal(planRedirect(hop(), 200, "/x").kind, "final");
    assert.equal(planRedirect(hop(), 304, "/x").kind, "final");
    assert.equal(planRedirect(hop(), 302, null).kind, "final");
    assert.equal(planRedirect(hop(), 302, "file:///etc/passwd").kind, "broken");
    assert.equal(planRedirect(hop(), 302, "http://[").kind, "broken");
  });
});
