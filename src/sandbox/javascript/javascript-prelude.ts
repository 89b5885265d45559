/**
 * What the language alone does not have but code nodes use: a silent `console`, a small `Buffer`, and
 * `require` for three pure modules. It runs inside the sandbox, before the author's code.
 */
export const JAVASCRIPT_PRELUDE = `(() => {
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const silent = () => undefined;
  define("console", Object.fromEntries(["log", "info", "warn", "error", "debug", "trace", "table", "dir", "group", "groupEnd", "time", "timeEnd", "assert"].map((name) => [name, silent])));
  define("global", globalThis);
  const latin1 = (bytes) => { let text = ""; for (const byte of bytes) text += String.fromCharCode(byte); return text; };
  const fromLatin1 = (text) => Uint8Array.from(text, (char) => char.charCodeAt(0) & 255);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromHex = (text) => Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
  const fromBase64 = (text) => fromLatin1(atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "")));
  const encodings = {
    "utf8": [(text) => new TextEncoder().encode(text), (bytes) => new TextDecoder().decode(bytes)],
    "hex": [fromHex, hex],
    "base64": [fromBase64, (bytes) => btoa(latin1(bytes))],
    "base64url": [fromBase64, (bytes) => btoa(latin1(bytes)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "")],
    "latin1": [fromLatin1, latin1],
  };
  const codec = (encoding = "utf8") => {
    const name = String(encoding).toLowerCase().replace("utf-8", "utf8").replace(/^(binary|ascii)$/, "latin1");
    if (!Object.hasOwn(encodings, name)) throw new TypeError("Unknown encoding: " + encoding);
    return encodings[name];
  };
  class Buffer extends Uint8Array {
    static from(value, encoding) {
      if (typeof value === "string") return new Buffer(codec(encoding)[0](value));
      if (value instanceof ArrayBuffer) return new Buffer(value);
      return new Buffer(Uint8Array.from(value));
    }
    static alloc(size, fill = 0) { return new Buffer(size).fill(fill); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(text, encoding) { return typeof text === "string" ? codec(encoding)[0](text).length : text.byteLength; }
    static concat(list) {
      const whole = new Buffer(list.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of list) { whole.set(part, at); at += part.length; }
      return whole;
    }
    toString(encoding, start = 0, end = this.length) { return codec(encoding)[1](new Uint8Array(this).subarray(start, end)); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    equals(other) { return this.length === other.length && this.every((byte, at) => byte === other[at]); }
  }
  define("Buffer", Buffer);
  const parameters = new WeakMap();
  const changing = new Set(["append", "delete", "set", "sort"]);
  Object.defineProperty(URL.prototype, "searchParams", { configurable: true, get() {
    const url = this;
    if (!parameters.has(url)) parameters.set(url, new Proxy(new URLSearchParams(url.search), {
      get(target, name) {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args) => {
          const result = member.apply(target, args);
          if (changing.has(name)) url.search = target.toString();
          return result;
        };
      },
    }));
    return parameters.get(url);
  } });
  const modules = {
    buffer: { Buffer },
    url: { URL, URLSearchParams },
    util: { TextEncoder, TextDecoder, isDeepStrictEqual: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  };
  define("require", (name) => {
    const plain = String(name).replace(/^node:/, "");
    if (Object.hasOwn(modules, plain)) return modules[plain];
    const error = new Error("Cannot find module '" + name + "': a code node has buffer, url and util");
    error.code = "MODULE_NOT_FOUND";
    throw error;
  });
  define("module", { exports: {} });
  define("exports", globalThis.module.exports);
})()`;
