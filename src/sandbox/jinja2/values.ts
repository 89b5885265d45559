/**
 * The values of a template as Python has them. None is null, a bool is a boolean, an int is a bigint, a
 * float is a number (so that 1 and 1.0 stay apart) and a str is a string; the rest are the classes here.
 */
export type PyValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | PyList
  | PyTuple
  | PyDict
  | PyMarkup
  | PyUndefined
  | PyRange
  | PyView
  | PyIterator
  | PyCallable
  | PyObject;

/** A Python exception on its way out of a template. */
export class PyError extends Error {
  /** The name of Python's or Jinja2's exception class. */
  readonly pyType: string;

  constructor(pyType: string, message: string) {
    super(message);
    this.pyType = pyType;
  }
}

/** A Python `list`. */
export class PyList {
  readonly items: PyValue[];
  constructor(items: PyValue[]) {
    this.items = items;
  }
}

/** A Python `tuple`; `names` are the attributes of a named one, such as what `groupby` gives. */
export class PyTuple {
  readonly items: readonly PyValue[];
  readonly names: readonly string[];
  constructor(items: readonly PyValue[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** Text that is marked as safe HTML (`markupsafe.Markup`). */
export class PyMarkup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Jinja2's silent undefined: prints nothing, iterates over nothing, and fails on nearly all else. */
export class PyUndefined {
  /** What the `UndefinedError` says. */
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
  fail(): PyError {
    return new PyError("UndefinedError", this.message);
  }
}

/** A Python `range`. */
export class PyRange {
  readonly start: bigint;
  readonly step: bigint;
  readonly length: bigint;
  readonly stop: bigint;
  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    const span = step > 0n ? stop - start : start - stop;
    const stride = step > 0n ? step : -step;
    this.length = span <= 0n ? 0n : (span + stride - 1n) / stride;
  }
}

/** What `keys()`, `values()` and `items()` of a dict give. */
export class PyView {
  readonly kind: "keys" | "values" | "items";
  readonly dict: PyDict;
  constructor(kind: "keys" | "values" | "items", dict: PyDict) {
    this.kind = kind;
    this.dict = dict;
  }
  *values(): Generator<PyValue> {
    for (const [key, value] of this.dict.entries())
      yield this.kind === "keys" ? key : this.kind === "values" ? value : new PyTuple([key, value]);
  }
}

/** A generator or iterator: can be gone through once. `label` is how it prints. */
export class PyIterator {
  readonly label: string;
  readonly source: Iterator<PyValue>;
  constructor(label: string, source: Iterable<PyValue>) {
    this.label = label;
    this.source = source[Symbol.iterator]();
  }
}

/** The arguments of a call. */
export type CallArguments = {
  readonly positional: readonly PyValue[];
  readonly named: ReadonlyMap<string, PyValue>;
};

/** A function, a bound method or a macro. */
export class PyCallable {
  readonly label: string;
  readonly call: (args: CallArguments) => PyValue;
  readonly attributes: ReadonlyMap<string, PyValue>;
  constructor(
    label: string,
    call: (args: CallArguments) => PyValue,
    attributes: ReadonlyMap<string, PyValue> = new Map(),
  ) {
    this.label = label;
    this.call = call;
    this.attributes = attributes;
  }
}

/** An object with attributes of its own: a loop, a namespace, a cycler, a joiner. */
export class PyObject {
  readonly typeName: string;
  readonly get: (name: string) => PyValue | undefined;
  readonly print: () => string;
  readonly call: ((args: CallArguments) => PyValue) | null;
  /** Only a namespace can be assigned to. */
  readonly set: ((name: string, value: PyValue) => void) | null;
  constructor(parts: {
    typeName: string;
    get: (name: string) => PyValue | undefined;
    print: () => string;
    call?: (args: CallArguments) => PyValue;
    set?: (name: string, value: PyValue) => void;
  }) {
    this.typeName = parts.typeName;
    this.get = parts.get;
    this.print = parts.print;
    this.call = parts.call ?? null;
    this.set = parts.set ?? null;
  }
}

/** Equal keys have equal marks: 1, 1.0 and True are one key. */
const keyMark = (key: PyValue): string => {
  if (key === null) return "None";
  if (typeof key === "string") return `s${key}`;
  if (key instanceof PyMarkup) return `s${key.text}`;
  if (typeof key === "boolean") return key ? "n1" : "n0";
  if (typeof key === "bigint") return `n${key}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `n${key}`;
  if (key instanceof PyTuple)
    return `t${key.items.map((item) => `${keyMark(item).length}:${keyMark(item)}`).join("")}`;
  if (key instanceof PyList || key instanceof PyDict)
    throw new PyError("TypeError", `unhashable type: '${key instanceof PyList ? "list" : "dict"}'`);
  return `u${key instanceof PyUndefined ? "" : String(identityOf(key))}`;
};

const identities = new WeakMap<object, number>();
let lastIdentity = 0;
const identityOf = (value: object): number => {
  const known = identities.get(value);
  if (known !== undefined) return known;
  lastIdentity += 1;
  identities.set(value, lastIdentity);
  return lastIdentity;
};

/** A Python `dict`: keeps the order of insertion, keys are compared as Python does. */
export class PyDict {
  readonly #map = new Map<string, [PyValue, PyValue]>();
  constructor(entries: Iterable<readonly [PyValue, PyValue]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }
  get size(): number {
    return this.#map.size;
  }
  get(key: PyValue): PyValue | undefined {
    return this.#map.get(keyMark(key))?.[1];
  }
  has(key: PyValue): boolean {
    return this.#map.has(keyMark(key));
  }
  set(key: PyValue, value: PyValue): void {
    const mark = keyMark(key);
    const entry = this.#map.get(mark);
    if (entry === undefined) this.#map.set(mark, [key, value]);
    else entry[1] = value;
  }
  delete(key: PyValue): boolean {
    return this.#map.delete(keyMark(key));
  }
  clear(): void {
    this.#map.clear();
  }
  entries(): IterableIterator<[PyValue, PyValue]> {
    return this.#map.values();
  }
  *keys(): Generator<PyValue> {
    for (const [key] of this.#map.values()) yield key;
  }
}
