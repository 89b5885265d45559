import { message } from "../messages/message.ts";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { StoreError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Row } from "./tables.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A token as it lies in the database; the authentication tag ends the ciphertext. */
export type SealedToken = Readonly<Pick<Row<"runTokens">, "keyId" | "nonce" | "ciphertext">>;

/** Encrypts the tokens that came with deliveries. */
export type TokenVault = {
  /** Throws StoreError `encryption-key-missing` when no key is configured. */
  readonly seal: (runId: string, token: Secret) => SealedToken;
  /**
   * Throws StoreError `token-unreadable` when no configured key opens it, which may pass, or for another run's
   * token, which does not.
   */
  readonly open: (runId: string, sealed: SealedToken) => Secret;
  /** Throws StoreError `encryption-key-missing` when no key is configured. */
  readonly assertUsable: () => void;
  /** The id of the key that encrypts; null without one. */
  readonly currentKeyId: string | null;
  /** The ids of all configured keys. */
  readonly keyIds: readonly string[];
};

const keyId = (key: Uint8Array): string => createHash("sha256").update(key).digest("hex").slice(0, 16);

const missing = (): StoreError =>
  new StoreError(message("store.encryption-key-missing"), { code: "encryption-key-missing" });

/**
 * AES-256-GCM with the run's id as associated data, so that a token cannot be moved to another run.
 * The first of `keys` encrypts, all decrypt: a new key is put in front, the old one stays until nothing
 * is sealed with it any more. Throws StoreError for a key that is not 32 bytes long.
 */
export const createTokenVault = (keys: readonly Uint8Array[]): TokenVault => {
  if (keys.some((key) => key.byteLength !== KEY_BYTES)) {
    throw new StoreError(message("store.encryption-key-length"), {
      code: "encryption-key-invalid",
    });
  }
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const [current] = keys;
  return {
    currentKeyId: current === undefined ? null : keyId(current),
    keyIds: [...byId.keys()],
    assertUsable: () => {
      if (current === undefined) throw missing();
    },
    seal: (runId, token) => {
      if (current === undefined) throw missing();
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, current, nonce).setAAD(Buffer.from(runId));
      const ciphertext = Buffer.concat([
        cipher.update(token.reveal(), "utf8"),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return { keyId: keyId(current), nonce, ciphertext };
    },
    open: (runId, sealed) => {
      const key = byId.get(sealed.keyId);
      if (key === undefined) throw keyless();
      return new Secret(decrypt(key, runId, sealed));
    },
  };
};

/** Long enough to be seen, and to set the key right, before the last attempt is over and the token gone. */
const KEYLESS_RETRY_MS = 10 * 60_000;

const keyless = (): StoreError =>
  new StoreError(message("store.token-key-missing"), {
    code: "token-unreadable",
    retryable: true,
    retryAfterMs: KEYLESS_RETRY_MS,
  });

const damaged = (): StoreError =>
  new StoreError(message("store.token-damaged"), { code: "token-unreadable" });

const decrypt = (key: Uint8Array, runId: string, sealed: SealedToken): string => {
  const end = sealed.ciphertext.byteLength - TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.nonce)
      .setAAD(Buffer.from(runId))
      .setAuthTag(sealed.ciphertext.subarray(end));
    return Buffer.concat([decipher.update(sealed.ciphertext.subarray(0, end)), decipher.final()]).toString(
      "utf8",
    );
  } catch {
    throw damaged();
  }
};
