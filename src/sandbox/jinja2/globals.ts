import { bindArguments } from "./arguments.ts";
import { pairsOf } from "./dict-methods.ts";
import { repr, str } from "./print.ts";
import { isTrue, expectInteger, typeName, integerOf } from "./types.ts";
import { PyCallable, PyDict, PyError, PyObject, PyRange, PyUndefined } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

const range = ({ positional }: CallArguments): PyValue => {
  const [a, b, c] = positional.map((value) => {
    if (value instanceof PyUndefined) throw value.fail();
    const integer = integerOf(value);
    if (integer === null)
      throw new PyError("TypeError", `'${typeName(value)}' object cannot be interpreted as an integer`);
    return integer;
  });
  if (a === undefined || positional.length > 3)
    throw new PyError("TypeError", `range expected at least 1 argument, got ${positional.length}`);
  if (c === 0n) throw new PyError("ValueError", "range() arg 3 must not be zero");
  return b === undefined ? new PyRange(0n, a, 1n) : new PyRange(a, b, c ?? 1n);
};

const dict = ({ positional, named }: CallArguments): PyValue =>
  new PyDict([...positional.flatMap(pairsOf), ...named]);

const namespace = (args: CallArguments): PyValue => {
  const values = new Map<string, PyValue>();
  for (const [key, value] of args.positional.flatMap(pairsOf)) values.set(str(key), value);
  for (const [key, value] of args.named) values.set(key, value);
  return new PyObject({
    typeName: "Namespace",
    get: (name) => values.get(name),
    set: (name, value) => void values.set(name, value),
    print: () => `<Namespace ${repr(new PyDict(values))}>`,
  });
};

const cycler = ({ positional }: CallArguments): PyValue => {
  if (positional.length === 0) throw new PyError("RuntimeError", "at least one item has to be provided");
  let at = 0;
  const current = (): PyValue => positional[at] ?? null;
  const next = (): PyValue => {
    const value = current();
    at = (at + 1) % positional.length;
    return value;
  };
  const reset = (): PyValue => {
    at = 0;
    return null;
  };
  return new PyObject({
    typeName: "Cycler",
    get: (name) => {
      if (name === "current") return current();
      if (name === "next") return new PyCallable("<bound method Cycler.next>", next);
      return name === "reset" ? new PyCallable("<bound method Cycler.reset>", reset) : undefined;
    },
    print: () => "<jinja2.utils.Cycler object at 0x7f0000000000>",
  });
};

const joiner = (args: CallArguments): PyValue => {
  const [separator = ", "] = bindArguments("joiner", ["sep"], args);
  let used = false;
  return new PyObject({
    typeName: "Joiner",
    get: (name) => (name === "sep" ? separator : undefined),
    print: () => "<jinja2.utils.Joiner object at 0x7f0000000000>",
    call: () => {
      if (used) return separator;
      used = true;
      return "";
    },
  });
};

const LOREM =
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore".split(
    " ",
  );

const lipsum = (args: CallArguments): PyValue => {
  const [count, html] = bindArguments("generate_lorem_ipsum", ["n", "html", "min", "max"], args);
  const isHtml = html === undefined || isTrue(html);
  const paragraph = (): string => {
    const words = Array.from({ length: 40 }, () => LOREM[Math.floor(Math.random() * LOREM.length)] ?? "");
    const text = `${words.join(" ")}.`;
    return text.slice(0, 1).toUpperCase() + text.slice(1);
  };
  const paragraphs = Array.from({ length: Math.min(100, expectInteger(count, 5)) }, paragraph);
  return isHtml ? paragraphs.map((text) => `<p>${text}</p>`).join("\n") : paragraphs.join("\n\n");
};

/** The functions that every template has. */
export const GLOBALS: ReadonlyMap<string, PyValue> = new Map([
  ["range", new PyCallable("<class 'range'>", range)],
  ["dict", new PyCallable("<class 'dict'>", dict)],
  ["namespace", new PyCallable("<class 'jinja2.utils.Namespace'>", namespace)],
  ["cycler", new PyCallable("<class 'jinja2.utils.Cycler'>", cycler)],
  ["joiner", new PyCallable("<class 'jinja2.utils.Joiner'>", joiner)],
  ["lipsum", new PyCallable("<function generate_lorem_ipsum at 0x7f0000000000>", lipsum)],
]);
