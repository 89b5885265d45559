// Node's Buffer and TextDecoder, inside the sandbox.
({ define, call, modules }) => {
  const latin1 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192)
      text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
    return text;
  };
  const fromLatin1 = (text) => {
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    return bytes;
  };
  const toHex = (bytes) => {
    let text = "";
    for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
    return text;
  };
  const fromHex = (text) => {
    const bytes = [];
    for (let at = 0; at + 1 < text.length; at += 2) {
      const pair = text.slice(at, at + 2);
      if (!/^[0-9a-f]{2}$/i.test(pair)) break;
      bytes.push(Number.parseInt(pair, 16));
    }
    return Uint8Array.from(bytes);
  };
  const fromBase64 = (text) => {
    const plain = text
      .replace(/-/g, "+")
      .replace(/_/g, "/")
      .replace(/=[^]*$/, "")
      .replace(/[^A-Za-z0-9+/]/g, "");
    const whole = plain.length % 4 === 1 ? plain.slice(0, -1) : plain;
    return fromLatin1(atob(whole + "=".repeat((4 - (whole.length % 4)) % 4)));
  };
  const toBase64 = (bytes) => btoa(latin1(bytes));
  const fromUtf16 = (text) => {
    const bytes = new Uint8Array(text.length * 2);
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      bytes[at * 2] = code & 255;
      bytes[at * 2 + 1] = code >> 8;
    }
    return bytes;
  };
  const toUtf16 = (bytes) => {
    let text = "";
    for (let at = 0; at + 1 < bytes.length; at += 2)
      text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8));
    return text;
  };
  const PlainDecoder = globalThis.TextDecoder;
  const utf8 = new PlainDecoder("utf-8", { ignoreBOM: true });
  const codecs = {
    utf8: [(text) => new TextEncoder().encode(text), (bytes) => utf8.decode(bytes)],
    hex: [fromHex, toHex],
    base64: [fromBase64, toBase64],
    base64url: [
      fromBase64,
      (bytes) => toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""),
    ],
    latin1: [fromLatin1, latin1],
    ascii: [fromLatin1, (bytes) => latin1(bytes.map((byte) => byte & 127))],
    utf16le: [fromUtf16, toUtf16],
  };
  const names = {
    "utf-8": "utf8",
    binary: "latin1",
    ucs2: "utf16le",
    "ucs-2": "utf16le",
    "utf-16le": "utf16le",
  };
  const codecName = (encoding) => {
    const name = String(encoding).toLowerCase();
    const known = Object.hasOwn(names, name) ? names[name] : name;
    return Object.hasOwn(codecs, known) ? known : null;
  };
  const codecOf = (encoding) => {
    const name = codecName(encoding ?? "utf8");
    if (name === null) {
      const error = new TypeError(`Unknown encoding: ${encoding}`);
      error.code = "ERR_UNKNOWN_ENCODING";
      throw error;
    }
    return codecs[name];
  };
  const view = (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const toBytes = (value, encoding) => {
    if (typeof value === "string") return codecOf(encoding)[0](value);
    if (ArrayBuffer.isView(value)) return view(value);
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    throw new TypeError("The data must be a string, a Buffer, a TypedArray or an ArrayBuffer");
  };
  const wrap = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.length);
  const invalidFrom = (value) =>
    new TypeError(
      "The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like " +
        `Object. Received ${value === null ? "null" : typeof value}`,
    );
  const rangeOf = (length, start, end) => {
    const from = Math.min(Math.max(0, Math.trunc(Number(start ?? 0)) || 0), length);
    const until = Math.min(Math.max(0, end === undefined ? length : Math.trunc(Number(end)) || 0), length);
    return [from, Math.max(from, until)];
  };
  const outOfRange = (name, range, value) => {
    const error = new RangeError(
      `The value of "${name}" is out of range. It must be ${range}. Received ${value}`,
    );
    error.code = "ERR_OUT_OF_RANGE";
    return error;
  };

  class Buffer extends Uint8Array {
    static from(value, encoding, length) {
      if (typeof value === "string") return wrap(codecOf(encoding)[0](value));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
      if (ArrayBuffer.isView(value)) return wrap(Uint8Array.from(value));
      if (value === null || typeof value !== "object") throw invalidFrom(value);
      if (value.type === "Buffer" && Array.isArray(value.data)) return wrap(Uint8Array.from(value.data));
      if (typeof value.length === "number") return wrap(Uint8Array.from(Array.from(value)));
      const primitive = value.valueOf?.();
      if (primitive !== null && primitive !== undefined && primitive !== value)
        return Buffer.from(primitive, encoding);
      throw invalidFrom(value);
    }
    static of(...items) {
      return wrap(Uint8Array.from(items));
    }
    static alloc(size, fill, encoding) {
      const made = new Buffer(size);
      return fill === undefined || fill === 0 ? made : made.fill(fill, encoding);
    }
    static allocUnsafe(size) {
      return new Buffer(size);
    }
    static allocUnsafeSlow(size) {
      return new Buffer(size);
    }
    static isBuffer(value) {
      return value instanceof Buffer;
    }
    static isEncoding(encoding) {
      return typeof encoding === "string" && codecName(encoding) !== null;
    }
    static byteLength(value, encoding) {
      return typeof value === "string" ? codecOf(encoding)[0](value).length : value.byteLength;
    }
    static compare(left, right) {
      const shared = Math.min(left.length, right.length);
      for (let at = 0; at < shared; at += 1) if (left[at] !== right[at]) return left[at] < right[at] ? -1 : 1;
      return Math.sign(left.length - right.length);
    }
    static concat(list, length) {
      const total = length ?? list.reduce((sum, part) => sum + part.length, 0);
      const whole = new Buffer(total);
      let at = 0;
      for (const part of list) {
        const piece = part.subarray(0, total - at);
        Uint8Array.prototype.set.call(whole, piece, at);
        at += piece.length;
      }
      return whole;
    }
    toString(encoding, start, end) {
      const [from, until] = rangeOf(this.length, start, end);
      return codecOf(encoding)[1](view(this).subarray(from, until));
    }
    toLocaleString(encoding, start, end) {
      return this.toString(encoding, start, end);
    }
    toJSON() {
      return { type: "Buffer", data: Array.from(this) };
    }
    equals(other) {
      return Buffer.compare(this, other) === 0;
    }
    compare(target, targetStart, targetEnd, start, end) {
      return Buffer.compare(
        this.subarray(...rangeOf(this.length, start, end)),
        target.subarray(...rangeOf(target.length, targetStart, targetEnd)),
      );
    }
    slice(start, end) {
      return this.subarray(start, end);
    }
    copy(target, targetStart = 0, start = 0, end = this.length) {
      const part = view(this)
        .subarray(start, end)
        .subarray(0, Math.max(0, target.length - targetStart));
      target.set(part, targetStart);
      return part.length;
    }
    write(text, offset, length, encoding) {
      if (typeof offset === "string") return this.write(text, 0, this.length, offset);
      if (typeof length === "string") return this.write(text, offset, this.length - offset, length);
      const from = offset ?? 0;
      const part = codecOf(encoding)[0](text).subarray(0, Math.min(length ?? Infinity, this.length - from));
      this.set(part, from);
      return part.length;
    }
    fill(value, offset, end, encoding) {
      if (typeof offset === "string") return this.fill(value, 0, this.length, offset);
      if (typeof end === "string") return this.fill(value, offset, this.length, end);
      const [from, until] = rangeOf(this.length, offset, end);
      if (typeof value === "number") return super.fill(value & 255, from, until);
      const bytes = toBytes(value, encoding);
      for (let at = from; at < until; at += 1)
        this[at] = bytes.length === 0 ? 0 : bytes[(at - from) % bytes.length];
      return this;
    }
    indexOf(value, offset, encoding) {
      if (typeof value === "number") return super.indexOf(value & 255, offset);
      if (typeof offset === "string") return this.indexOf(value, 0, offset);
      const wanted = latin1(toBytes(value, encoding));
      const from = Math.trunc(Number(offset ?? 0)) || 0;
      return latin1(view(this)).indexOf(wanted, from < 0 ? Math.max(0, this.length + from) : from);
    }
    lastIndexOf(value, offset, encoding) {
      if (typeof value === "number") return super.lastIndexOf(value & 255, offset ?? this.length);
      return latin1(view(this)).lastIndexOf(latin1(toBytes(value, encoding)), offset ?? this.length);
    }
    includes(value, offset, encoding) {
      return this.indexOf(value, offset, encoding) !== -1;
    }
    swap16() {
      for (let at = 0; at + 1 < this.length; at += 2) [this[at], this[at + 1]] = [this[at + 1], this[at]];
      return this;
    }
    readUIntBE(offset, length) {
      let value = 0;
      for (let at = 0; at < length; at += 1) value = value * 256 + this[offset + at];
      return value;
    }
    readUIntLE(offset, length) {
      let value = 0;
      for (let at = length - 1; at >= 0; at -= 1) value = value * 256 + this[offset + at];
      return value;
    }
    readIntBE(offset, length) {
      const value = this.readUIntBE(offset, length);
      return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
    }
    readIntLE(offset, length) {
      const value = this.readUIntLE(offset, length);
      return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
    }
  }
  const kinds = [
    ["UInt8", "Uint8", 1],
    ["Int8", "Int8", 1],
    ["UInt16", "Uint16", 2],
    ["Int16", "Int16", 2],
    ["UInt32", "Uint32", 4],
    ["Int32", "Int32", 4],
    ["Float", "Float32", 4],
    ["Double", "Float64", 8],
    ["BigInt64", "BigInt64", 8],
    ["BigUInt64", "BigUint64", 8],
  ];
  const addMethod = (name, value) =>
    Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  for (const [name, kind, size] of kinds)
    for (const end of size === 1 ? [""] : ["LE", "BE"]) {
      const dataOf = (buffer, offset) => {
        if (!Number.isInteger(offset) || offset < 0 || offset + size > buffer.length)
          throw outOfRange("offset", `>= 0 and <= ${buffer.length - size}`, offset);
        return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      };
      const reader = function (offset = 0) {
        return dataOf(this, offset)[`get${kind}`](offset, end === "LE");
      };
      const writer = function (value, offset = 0) {
        dataOf(this, offset)[`set${kind}`](offset, value, end === "LE");
        return offset + size;
      };
      addMethod(`read${name}${end}`, reader);
      addMethod(`write${name}${end}`, writer);
      if (name.includes("UInt")) {
        addMethod(`read${name.replace("UInt", "Uint")}${end}`, reader);
        addMethod(`write${name.replace("UInt", "Uint")}${end}`, writer);
      }
    }
  Buffer.poolSize = 8192;
  define("Buffer", Buffer);

  class TextDecoder {
    #options;
    #encoding;
    #decoder = null;
    constructor(label = "utf-8", options = {}) {
      this.#options = {
        label: String(label),
        fatal: Boolean(options?.fatal),
        ignoreBOM: Boolean(options?.ignoreBOM),
      };
      this.#encoding = call("encoding", JSON.stringify(this.#options));
      if (this.#encoding === "utf-8" && !this.#options.fatal)
        this.#decoder = new PlainDecoder("utf-8", { ignoreBOM: this.#options.ignoreBOM });
    }
    get encoding() {
      return this.#encoding;
    }
    get fatal() {
      return this.#options.fatal;
    }
    get ignoreBOM() {
      return this.#options.ignoreBOM;
    }
    decode(input = new Uint8Array(0), options = {}) {
      if (options?.stream)
        throw new Error("TextDecoder in a code node decodes whole texts: stream is not available");
      const bytes = toBytes(input);
      if (this.#decoder !== null) return this.#decoder.decode(bytes);
      return call("decode", JSON.stringify(this.#options), Uint8Array.from(bytes));
    }
  }
  define("TextDecoder", TextDecoder);
  modules.buffer = { Buffer, atob, btoa, kMaxLength: 2 ** 32, constants: { MAX_LENGTH: 2 ** 32 } };
  return { toBytes, codecOf };
};
