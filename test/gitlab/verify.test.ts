import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { fc } from "../properties.ts";
import { Secret } from "../../src/base/secret.ts";
import { parseSigningToken, signDelivery } from "../../src/gitlab/signing-token.ts";
import type { Verification, VerifyOptions } from "../../src/gitlab/verification.ts";
import { verifyDelivery } from "../../src/gitlab/verify.ts";

const SIGNING_TOKEN = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_SIGNING_TOKEN = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const BODY = Buffer.from('{"object_kind":"merge_request"}');
const NOW = 1_790_000_000_000;
const SIGNATURE = "v1,u5lSjzcSF+faYPVaS5syIqSGn7bwAjk/NK0TBBkowVM=";
const SIGNED = {
  "webhook-id": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
  "webhook-timestamp": "1790000000",
  "webhook-signature": SIGNATURE,
};

const scoped = (value: string, projects: readonly string[] | null = null) => ({
  secret: new Secret(value),
  projects,
});

const options = (given: Partial<VerifyOptions> = {}): VerifyOptions => ({
  secrets: [],
  signingTokens: [],
  tokenPassThrough: false,
  ...given,
});

const signedOptions = options({ signingTokens: [scoped(SIGNING_TOKEN)] });

const codeOf = (result: Verification): string => (result.kind === "refused" ? result.code : result.kind);

describe("a delivery with a token", () => {
  const secrets = options({ secrets: [scoped("first"), scoped("second", ["group/*"])] });

  test("is verified by any of the secrets, for the projects of that secret", () => {
    assert.deepEqual(verifyDelivery({ "x-gitlab-token": "first" }, BODY, NOW, secrets), {
      kind: "verified",
      by: "token",
      projects: null,
    });
    assert.deepEqual(verifyDelivery({ "x-gitlab-token": "second" }, BODY, NOW, secrets), {
      kind: "verified",
      by: "token",
      projects: ["group/*"],
    });
  });

  test("may speak for the projects of every entry that holds its secret", () => {
    const twice = options({ secrets: [scoped("same", ["a/**"]), scoped("same", ["b/**", "a/**"])] });
    const result = verifyDelivery({ "x-gitlab-token": "same" }, BODY, NOW, twice);
    assert.deepEqual(result, { kind: "verified", by: "token", projects: ["a/**", "b/**"] });
  });

  test("is refused when the token is another one, and told which setting to compare", () => {
    const result = verifyDelivery({ "x-gitlab-token": "guessed" }, BODY, NOW, secrets);
    assert.equal(codeOf(result), "token-wrong");
    assert.match(inspect(result), /WEBHOOK_SECRET/);
    assert.doesNotMatch(inspect(result), /guessed/);
  });

  test("is refused without a token, and without anything configured", () => {
    assert.equal(codeOf(verifyDelivery({}, BODY, NOW, secrets)), "authentication-missing");
    assert.equal(
      codeOf(verifyDelivery({ "x-gitlab-token": "" }, BODY, NOW, secrets)),
      "authentication-missing",
    );
    assert.equal(codeOf(verifyDelivery({}, BODY, NOW, options())), "authentication-missing");
    assert.equal(codeOf(verifyDelivery({ "x-gitlab-token": "x" }, BODY, NOW, options())), "token-wrong");
  });

  test("may hold characters beyond ASCII, which arrive as Latin-1", () => {
    const arrived = Buffer.from("schlüssel", "utf8").toString("latin1");
    const given = options({ secrets: [scoped("schlüssel")] });
    assert.equal(verifyDelivery({ "x-gitlab-token": arrived }, BODY, NOW, given).kind, "verified");
  });

  test("property: only a configured secret verifies", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ minLength: 1 })), (token, values) => {
        const result = verifyDelivery(
          { "x-gitlab-token": token },
          BODY,
          NOW,
          options({ secrets: values.map((value) => scoped(value)) }),
        );
        assert.equal(result.kind === "verified", values.includes(token));
      }),
    );
  });
});

describe("a token that is passed through", () => {
  const given = options({ tokenPassThrough: true, secrets: [scoped("configured")] });

  test("is handed on as a secret when it is none of ours", () => {
    const result = verifyDelivery({ "x-gitlab-token": "glpat-abcdefgh" }, BODY, NOW, given);
    assert.equal(result.kind, "pass-through");
    assert.equal(result.kind === "pass-through" && result.token.reveal(), "glpat-abcdefgh");
    assert.doesNotMatch(inspect(result) + JSON.stringify(result), /glpat/);
  });

  test("gives way to a configured secret", () => {
    assert.equal(verifyDelivery({ "x-gitlab-token": "configured" }, BODY, NOW, given).kind, "verified");
  });

  test("is refused when it could not be sent back in a header", () => {
    for (const token of ["with space in it", "line\nbreak-in", "short", "x".repeat(513), "größer-als-ascii"])
      assert.equal(codeOf(verifyDelivery({ "x-gitlab-token": token }, BODY, NOW, given)), "token-malformed");
  });
});

describe("a delivery with a signature", () => {
  test("is verified by GitLab's scheme (test vector)", () => {
    assert.deepEqual(verifyDelivery(SIGNED, BODY, NOW, signedOptions), {
      kind: "verified",
      by: "signature",
      projects: null,
    });
  });

  test("is verified when one of several signatures and one of several tokens fit", () => {
    const given = options({
      signingTokens: [scoped(OTHER_SIGNING_TOKEN, ["a"]), scoped(SIGNING_TOKEN, ["b"])],
    });
    const header = `v2,unknown v1,${Buffer.alloc(32).toString("base64")} v1,short ${SIGNATURE}`;
    const result = verifyDelivery({ ...SIGNED, "webhook-signature": header }, BODY, NOW, given);
    assert.deepEqual(result, { kind: "verified", by: "signature", projects: ["b"] });
  });

  test("does not fall back to a right token when the signature is wrong", () => {
    const given = options({ secrets: [scoped("right")], signingTokens: [scoped(OTHER_SIGNING_TOKEN)] });
    const result = verifyDelivery({ ...SIGNED, "x-gitlab-token": "right" }, BODY, NOW, given);
    assert.equal(codeOf(result), "signature-wrong");
  });

  test("is refused without a signing token, naming the setting to add", () => {
    const given = options({ secrets: [scoped("right")], tokenPassThrough: true });
    const result = verifyDelivery({ ...SIGNED, "x-gitlab-token": "right" }, BODY, NOW, given);
    assert.equal(codeOf(result), "signing-token-not-configured");
    assert.match(result.kind === "refused" ? result.message : "", /WEBHOOK_SIGNING_TOKEN/);
  });

  test("is refused when its headers are incomplete or unreadable", () => {
    const cases = {
      "signature-headers-missing": [{ "webhook-id": "" }, { "webhook-timestamp": undefined }],
      "signature-timestamp-unreadable": [{ "webhook-timestamp": "soon" }, { "webhook-timestamp": "-1" }],
      "signature-unreadable": [{ "webhook-signature": "" }, { "webhook-signature": "v2,abc" }],
    };
    for (const [code, changes] of Object.entries(cases))
      for (const change of changes)
        assert.equal(codeOf(verifyDelivery({ ...SIGNED, ...change }, BODY, NOW, signedOptions)), code);
  });

  test("is accepted at the edge of the tolerance and refused beyond it, either way", () => {
    for (const sign of [-1, 1]) {
      const at = (offMs: number) => codeOf(verifyDelivery(SIGNED, BODY, NOW + sign * offMs, signedOptions));
      assert.equal(at(300_000), "verified");
      assert.equal(at(300_001), "signature-timestamp-outside-tolerance");
    }
    const wide = { ...signedOptions, toleranceMs: 600_000 };
    assert.equal(verifyDelivery(SIGNED, BODY, NOW + 600_000, wide).kind, "verified");
  });

  test("property: any change of body, id or timestamp breaks it", () => {
    const key = Buffer.alloc(32, 7);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.uuid(), fc.nat(), (body, id, at) => {
        const mac = Buffer.from(signDelivery(key, id, "1790000000", body)).toString("base64");
        const headers = { ...SIGNED, "webhook-id": id, "webhook-signature": `v1,${mac}` };
        const given = options({ signingTokens: [scoped(OTHER_SIGNING_TOKEN)] });
        assert.equal(verifyDelivery(headers, body, NOW, given).kind, "verified");
        const broken = Uint8Array.from(body);
        broken[at % body.length] = (broken[at % body.length] ?? 0) ^ 1;
        assert.equal(codeOf(verifyDelivery(headers, broken, NOW, given)), "signature-wrong");
        const moved = { ...headers, "webhook-timestamp": "1790000001" };
        assert.equal(codeOf(verifyDelivery(moved, body, NOW, given)), "signature-wrong");
      }),
    );
  });
});

describe("a signing token", () => {
  test("is read as its key", () => {
    const reading = parseSigningToken(SIGNING_TOKEN);
    assert.equal(
      reading.kind === "valid" && Buffer.from(reading.key).toString("utf8"),
      "0123456789abcdef0123456789abcdef",
    );
  });

  test("is refused with a reason that does not repeat it", () => {
    const key = Buffer.alloc(32, 1).toString("base64");
    for (const text of [
      key,
      "whsec_",
      "whsec_%%%%",
      `whsec_${key.slice(0, -1)}`,
      "whsec_c2hvcnQ=",
      `${key} `,
    ]) {
      const reading = parseSigningToken(text);
      assert.equal(reading.kind, "invalid", text);
      assert.ok(reading.kind === "invalid" && !plain(reading.problem).includes(key.slice(0, 8)));
    }
  });
});
