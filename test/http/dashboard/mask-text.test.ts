import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../properties.ts";
import type { Json } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createMasking, showBody } from "../../../src/http/dashboard/mask-text.ts";
import { secretsIn } from "../../../src/base/mask-values.ts";
import { settingsLines } from "../../../src/http/dashboard/settings-lines.ts";

const OWN = "correct-horse-battery";

describe("masking", () => {
  const masking = createMasking([new Secret(OWN), new Secret("abc")]);

  it("hides our own secrets wherever they stand, but no short ones", () => {
    assert.equal(masking.text(`a ${OWN} b abc`), "a [secret] b abc");
  });

  it("hides tokens by their look", () => {
    for (const token of [
      "glpat-abcdefghij1234567890",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "sk-proj-abcdefghijklmnop1234",
      "app-abcdefghijklmnop1234",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh",
      "Bearer abcdefghijkl",
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ])
      assert.equal(masking.text(`<${token}>`), "<[secret]>", token);
    assert.equal(masking.text("https://ada:pw@host/x"), "https://[secret]@host/x");
    assert.equal(masking.text("/x?private_token=abcd&y=1"), "/x?private_token=[secret]&y=1");
  });

  it("leaves plain words alone", () => {
    for (const text of ["task-list of the application-form", "the eye", "a@example.com", "src/app-shell.ts"])
      assert.equal(masking.text(text), text);
  });

  it("hides every text under a name that speaks of a secret, at any depth", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).map((text) => `⟦${text}⟧`),
        fc.constantFrom("token", "private_key", "WebhookSecret", "api-key", "x-gitlab-token", "password"),
        fc.nat({ max: 4 }),
        (value, name, depth) => {
          let tree: Json = { [name]: [{ any: value }] };
          for (let level = 0; level < depth; level += 1) tree = level % 2 === 0 ? [tree] : { inner: tree };
          assert.ok(!JSON.stringify(masking.json(tree)).includes(JSON.stringify(value).slice(1, -1)));
        },
      ),
    );
  });

  it("shows bodies of any kind", () => {
    assert.equal(showBody(Buffer.from('{"a":[1,null]}'), masking).kind, "json");
    const text = showBody(Buffer.from([0xff, 0x00, 0x41]), masking);
    assert.equal(text.kind, "text");
    assert.equal(showBody(new Uint8Array(5 * 1024 * 1024), masking).kind, "too-large");
    const long = showBody(Buffer.from(JSON.stringify("x".repeat(500_000))), masking);
    assert.ok(long.kind === "json" && long.isCut && long.text.length === 400_000);
  });
});

describe("settings", () => {
  it("are listed with their secrets masked by type, whatever they are called", () => {
    const tree = { harmless: new Secret(OWN), list: [{ a: 1 }, new Secret("other-secret")], none: null };
    const lines = settingsLines(tree);
    assert.deepEqual(
      lines.map(({ path, value }) => [path, value]),
      [
        ["harmless", "[secret]"],
        ["list[0].a", "1"],
        ["list[1]", "[secret]"],
        ["none", null],
      ],
    );
    assert.equal(secretsIn(tree).length, 2);
  });
});
