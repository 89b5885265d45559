// Node's crypto as far as code nodes have it: digests and random values. The host calculates.
({ define, call, modules, shared }) => {
  const { toBytes, codecOf } = shared;
  const { Buffer } = modules.buffer;
  const fromHex = (text) => Buffer.from(text, "hex");
  const copyOf = (bytes) => Uint8Array.from(bytes);
  const encoded = (bytes, encoding) =>
    encoding === undefined || encoding === null || encoding === "buffer"
      ? bytes
      : codecOf(encoding)[1](copyOf(bytes));
  const failure = (Kind, code, message) => Object.assign(new Kind(message), { code });

  class Summing {
    #parts = [];
    #finish;
    #isDone = false;
    constructor(finish) {
      this.#finish = finish;
    }
    update(data, encoding) {
      if (this.#isDone) throw failure(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
      if (typeof data !== "string" && !ArrayBuffer.isView(data))
        throw failure(
          TypeError,
          "ERR_INVALID_ARG_TYPE",
          'The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView.',
        );
      this.#parts.push(copyOf(toBytes(data, encoding)));
      return this;
    }
    digest(encoding) {
      if (this.#isDone) throw failure(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
      this.#isDone = true;
      return encoded(fromHex(this.#finish(copyOf(Buffer.concat(this.#parts)))), encoding);
    }
    copyTo(other) {
      for (const part of this.#parts) other.update(part);
      return other;
    }
  }
  class Hash extends Summing {
    #algorithm;
    constructor(algorithm) {
      const name = String(algorithm);
      call("hash", name, new Uint8Array(0));
      super((data) => call("hash", name, data));
      this.#algorithm = name;
    }
    copy() {
      return this.copyTo(new Hash(this.#algorithm));
    }
  }
  class Hmac extends Summing {
    constructor(algorithm, key) {
      const secret = copyOf(toBytes(key));
      call("hmac", String(algorithm), secret, new Uint8Array(0));
      super((data) => call("hmac", String(algorithm), secret, data));
    }
  }
  const MAX_RANDOM = 65_536;
  const randomBytes = (size) => {
    if (!Number.isInteger(size) || size < 0)
      throw failure(RangeError, "ERR_OUT_OF_RANGE", 'The value of "size" is out of range.');
    const parts = [];
    for (let left = size; left > 0; left -= MAX_RANDOM)
      parts.push(fromHex(call("random", String(Math.min(left, MAX_RANDOM)))));
    return Buffer.concat(parts);
  };
  const getRandomValues = (array) => {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || /Float/.test(array.constructor.name))
      throw new TypeError("The data must be an integer-type TypedArray");
    if (array.byteLength > MAX_RANDOM)
      throw new DOMException("The requested length exceeds 65,536 bytes", "QuotaExceededError");
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(randomBytes(array.byteLength));
    return array;
  };
  const randomUUID = () => {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const randomInt = (from, to) => {
    const [low, high] = to === undefined || typeof to === "function" ? [0, from] : [from, to];
    const range = high - low;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range > 2 ** 48 - 1)
      throw failure(RangeError, "ERR_OUT_OF_RANGE", 'The value of "max" is out of range.');
    const limit = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const value = randomBytes(6).readUIntBE(0, 6);
      if (value < limit) return low + (value % range);
    }
  };
  const timingSafeEqual = (left, right) => {
    const [a, b] = [toBytes(left), toBytes(right)];
    if (a.length !== b.length)
      throw failure(
        RangeError,
        "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH",
        "Input buffers must have the same byte length",
      );
    let difference = 0;
    for (let at = 0; at < a.length; at += 1) difference |= a[at] ^ b[at];
    return difference === 0;
  };
  const unavailable = (holder, name, what) =>
    Object.defineProperty(holder, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw failure(
          Error,
          "ERR_FEATURE_UNAVAILABLE",
          `${what}.${name} is not available in code nodes here`,
        );
      },
    });
  const nameOf = (algorithm) => {
    const name = String(typeof algorithm === "object" ? algorithm?.name : algorithm).toUpperCase();
    if (!/^SHA-(1|256|384|512)$/.test(name))
      throw new DOMException("Unrecognized algorithm name", "NotSupportedError");
    return name.replace("-", "");
  };
  const plainBuffer = (bytes) => copyOf(bytes).buffer;
  class CryptoKey {}
  const secrets = new WeakMap();
  const subtle = {
    digest: async (algorithm, data) =>
      plainBuffer(fromHex(call("hash", nameOf(algorithm), copyOf(toBytes(data))))),
    importKey: async (format, data, algorithm, extractable, usages) => {
      if (format !== "raw" || String(algorithm?.name).toUpperCase() !== "HMAC")
        throw new DOMException("code nodes import raw HMAC keys only", "NotSupportedError");
      const key = new CryptoKey();
      secrets.set(key, { hash: nameOf(algorithm.hash), secret: copyOf(toBytes(data)) });
      return Object.assign(key, { type: "secret", extractable, algorithm, usages: [...usages] });
    },
    sign: async (_algorithm, key, data) => {
      const held = secrets.get(key);
      if (held === undefined)
        throw new DOMException("code nodes sign with HMAC keys only", "NotSupportedError");
      return plainBuffer(fromHex(call("hmac", held.hash, held.secret, copyOf(toBytes(data)))));
    },
    verify: async (algorithm, key, signature, data) => {
      const made = new Uint8Array(await subtle.sign(algorithm, key, data));
      const given = toBytes(signature);
      return made.length === given.length && timingSafeEqual(made, given);
    },
  };
  for (const name of [
    "encrypt",
    "decrypt",
    "generateKey",
    "deriveKey",
    "deriveBits",
    "exportKey",
    "wrapKey",
    "unwrapKey",
  ])
    unavailable(subtle, name, "crypto.subtle");
  const webcrypto = { subtle, getRandomValues, randomUUID };
  define("crypto", webcrypto);
  define("CryptoKey", CryptoKey);
  const crypto = {
    createHash: (algorithm) => new Hash(algorithm),
    createHmac: (algorithm, key) => new Hmac(algorithm, key),
    hash: (algorithm, data, encoding = "hex") => new Hash(algorithm).update(data).digest(encoding),
    getHashes: () => JSON.parse(call("hashes")),
    randomBytes,
    randomFillSync: getRandomValues,
    randomInt,
    randomUUID,
    getRandomValues,
    timingSafeEqual,
    Hash,
    Hmac,
    subtle,
    webcrypto,
  };
  for (const name of [
    "createCipheriv",
    "createDecipheriv",
    "createSign",
    "createVerify",
    "createPrivateKey",
    "createPublicKey",
    "createSecretKey",
    "createDiffieHellman",
    "createECDH",
    "generateKeyPairSync",
    "hkdfSync",
    "pbkdf2",
    "pbkdf2Sync",
    "publicEncrypt",
    "privateDecrypt",
    "scrypt",
    "scryptSync",
    "sign",
    "verify",
  ])
    unavailable(crypto, name, "crypto");
  modules.crypto = crypto;
};
