import type { PyValue } from "./values.ts";

/** Names and their values, with the scope around. */
export class Scope {
  readonly #values = new Map<string, PyValue>();
  readonly #outer: Scope | null;
  constructor(outer: Scope | null) {
    this.#outer = outer;
  }
  find(name: string): PyValue | undefined {
    const found = this.#values.get(name);
    return found === undefined && this.#outer !== null ? this.#outer.find(name) : found;
  }
  set(name: string, value: PyValue): void {
    this.#values.set(name, value);
  }
}

/** Text under construction. Throws when it gets longer than the limit, in UTF-16 units. */
export class Output {
  readonly #parts: string[] = [];
  readonly #limit: number;
  #length = 0;
  constructor(limit: number) {
    this.#limit = limit;
  }
  write(text: string): void {
    this.#length += text.length;
    if (this.#length > this.#limit) throw new OutputTooLong();
    this.#parts.push(text);
  }
  text(): string {
    return this.#parts.join("");
  }
}

/** A template printed more than it may. */
export class OutputTooLong extends Error {}
