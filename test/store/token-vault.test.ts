import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { createTokenVault } from "../../src/store/token-vault.ts";

const failure =
  (code: string, isPassing = false) =>
  (error: unknown) =>
    error instanceof StoreError && error.code === code && error.retryable === isPassing;

describe("the token vault", () => {
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
  const sealed = createTokenVault([oldKey]).seal("run-1", new Secret("glpat-\u0000ü"));

  test("opens what it sealed, with a key that has been replaced too", () => {
    for (const keys of [[oldKey], [newKey, oldKey]]) {
      assert.equal(createTokenVault(keys).open("run-1", sealed).reveal(), "glpat-\u0000ü");
    }
  });

  test("seals with the first key and never twice alike", () => {
    const vault = createTokenVault([newKey, oldKey]);
    const again = vault.seal("run-1", new Secret("glpat-\u0000ü"));
    assert.throws(() => createTokenVault([oldKey]).open("run-1", again), failure("token-unreadable", true));
    assert.notDeepEqual(
      vault.seal("run-1", new Secret("x")).ciphertext,
      vault.seal("run-1", new Secret("x")).ciphertext,
    );
  });

  test("refuses another run's token, changed bytes, cut bytes and unknown keys", () => {
    const vault = createTokenVault([oldKey]);
    const changed = Uint8Array.from(sealed.ciphertext);
    changed[0] = (changed[0] ?? 0) ^ 1;
    assert.throws(() => vault.open("run-2", sealed), failure("token-unreadable"));
    assert.throws(() => vault.open("run-1", { ...sealed, ciphertext: changed }), failure("token-unreadable"));
    const cut = { ...sealed, ciphertext: sealed.ciphertext.subarray(0, 4) };
    assert.throws(() => vault.open("run-1", cut), failure("token-unreadable"));
    assert.throws(() => createTokenVault([newKey]).open("run-1", sealed), failure("token-unreadable", true));
  });

  test("names the setting when there is no key or a bad one", () => {
    assert.throws(() => createTokenVault([]).seal("r", new Secret("x")), /REVIEWFLOW_ENCRYPTION_KEY/);
    assert.throws(() => createTokenVault([randomBytes(16)]), /REVIEWFLOW_ENCRYPTION_KEY/);
  });
});
