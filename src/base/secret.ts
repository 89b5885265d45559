import { createHash, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const MASK = "[secret]";

/**
 * A value that must not be shown. It prints as `[secret]` wherever a value is turned to text: string
 * conversion, JSON, `util.inspect` and therefore logs. `reveal` is the only way to the value, so that
 * every use can be found by its name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it at the last moment, where the value leaves for the one it is meant for. */
  reveal(): string {
    return this.#value;
  }

  /** Compares in constant time; the lengths are hidden by comparing digests. */
  equals(candidate: string): boolean {
    return timingSafeEqual(digest(this.#value), digest(candidate));
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();
