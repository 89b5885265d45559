import { isEqual } from "./compare.ts";
import { PyCallable, PyError, PyObject, PyTuple, PyUndefined } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

/** The running state of one `for`. */
export type LoopState = {
  readonly items: readonly PyValue[];
  index: number;
  /** The arguments of the last `loop.changed`. */
  last: PyTuple | null;
  readonly depth: number;
  /** Renders the body over other items; null when the loop is not recursive. */
  readonly recurse: ((items: PyValue) => PyValue) | null;
};

const neighbour = (state: LoopState, offset: number, name: string): PyValue => {
  const item = state.items[state.index + offset];
  return item === undefined ? new PyUndefined(`there is no ${name} item`) : item;
};

const cycle = (state: LoopState, { positional }: CallArguments): PyValue => {
  const item = positional[state.index % Math.max(1, positional.length)];
  if (item === undefined) throw new PyError("TypeError", "no items for cycling given");
  return item;
};

const changed = (state: LoopState, { positional }: CallArguments): boolean => {
  const values = new PyTuple(positional);
  if (state.last !== null && isEqual(state.last, values)) return false;
  state.last = values;
  return true;
};

const ATTRIBUTES: Readonly<Record<string, (state: LoopState) => PyValue>> = {
  index: ({ index }) => BigInt(index + 1),
  index0: ({ index }) => BigInt(index),
  revindex: ({ index, items }) => BigInt(items.length - index),
  revindex0: ({ index, items }) => BigInt(items.length - index - 1),
  first: ({ index }) => index === 0,
  last: ({ index, items }) => index === items.length - 1,
  length: ({ items }) => BigInt(items.length),
  depth: ({ depth }) => BigInt(depth + 1),
  depth0: ({ depth }) => BigInt(depth),
  previtem: (state) => neighbour(state, -1, "previous"),
  nextitem: (state) => neighbour(state, 1, "next"),
  cycle: (state) => new PyCallable("<bound method LoopContext.cycle>", (args) => cycle(state, args)),
  changed: (state) => new PyCallable("<bound method LoopContext.changed>", (args) => changed(state, args)),
};

/** The variable `loop` of a `for`, over a state that the loop moves on. */
export const createLoop = (state: LoopState): PyObject =>
  new PyObject({
    typeName: "LoopContext",
    get: (name) => (Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name]?.(state) : undefined),
    print: () => `<LoopContext ${state.index + 1}/${state.items.length}>`,
    call: ({ positional }) => {
      const [items] = positional;
      if (state.recurse === null || items === undefined)
        throw new PyError("TypeError", "The loop must have the 'recursive' marker to be called recursively.");
      return state.recurse(items);
    },
  });
