import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import { deliveryKey, pickSafeHeaders } from "../../src/gitlab/delivery-key.ts";

const BODY = Buffer.from("{}");

describe("a delivery's key", () => {
  test("is the idempotency key, else the webhook id, else the body's hash", () => {
    const both = { "idempotency-key": "k-1", "webhook-id": "w-1" };
    assert.equal(deliveryKey(both, BODY), "idempotency-key:k-1");
    assert.equal(deliveryKey({ "webhook-id": "w-1" }, BODY), "webhook-id:w-1");
    assert.equal(
      deliveryKey({ "idempotency-key": " " }, BODY),
      "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    );
  });

  test("is what the signature covers, where there is one", () => {
    const signed = { "webhook-id": "w-1", "webhook-signature": "v1,x" };
    for (const key of ["k-1", "k-2", "", "webhook-id:w-2"])
      assert.equal(deliveryKey({ ...signed, "idempotency-key": key }, BODY), "webhook-id:w-1");
  });

  test("does not rest on the event's UUID, which recursive hooks share", () => {
    assert.match(deliveryKey({ "x-gitlab-event-uuid": "u" }, BODY), /^sha256:/);
  });

  test("property: is short and harmless, and differs when headers differ", () => {
    const header = fc
      .string({ minLength: 1, maxLength: 400, unit: "binary" })
      .filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(header, header, (one, two) => {
        const key = deliveryKey({ "idempotency-key": one }, BODY);
        assert.match(key, /^[\w.:-]{1,150}$/);
        const same = one.trim() === two.trim();
        assert.equal(key === deliveryKey({ "idempotency-key": two }, BODY), same);
      }),
    );
  });
});

describe("the headers to keep", () => {
  test("never include a secret, and nothing that is not on the list", () => {
    const kept = pickSafeHeaders({
      "x-gitlab-token": "secret",
      "webhook-signature": "v1,abc",
      authorization: "Bearer secret",
      cookie: "a=b",
      "private-token": "secret",
      "x-unknown": "value",
      "x-gitlab-event": "Note Hook",
      "user-agent": `GitLab/19.3\u0007${"x".repeat(500)}`,
    });
    assert.deepEqual(Object.keys(kept).sort(), ["user-agent", "x-gitlab-event"]);
    assert.equal(kept["user-agent"]?.length, 256);
    assert.doesNotMatch(kept["user-agent"] ?? "", /\p{Cc}/u);
  });
});
