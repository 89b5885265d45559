import { PyCallable, PyError } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

/** Arguments in the order of their parameters; undefined where none was given. */
export type BoundArguments = readonly (PyValue | undefined)[];

/** Puts the arguments of a call in the order of `names`. Throws Python's TypeError for wrong ones. */
export const bindArguments = (
  label: string,
  names: readonly string[],
  args: CallArguments,
): BoundArguments => {
  if (args.positional.length > names.length)
    throw new PyError(
      "TypeError",
      `${label}() takes at most ${names.length} arguments (${args.positional.length} given)`,
    );
  const bound: (PyValue | undefined)[] = names.map((_name, at) => args.positional[at]);
  for (const [name, value] of args.named) {
    const at = names.indexOf(name);
    if (at < 0) throw new PyError("TypeError", `${label}() got an unexpected keyword argument '${name}'`);
    if (bound[at] !== undefined)
      throw new PyError("TypeError", `${label}() got multiple values for argument '${name}'`);
    bound[at] = value;
  }
  return bound;
};

/** An argument that Python requires. */
export const required = (label: string, name: string, value: PyValue | undefined): PyValue => {
  if (value === undefined)
    throw new PyError("TypeError", `${label}() missing 1 required positional argument: '${name}'`);
  return value;
};

/** A bound method of a builtin type. */
export const createMethod = (
  typeName: string,
  name: string,
  names: readonly string[],
  body: (args: BoundArguments) => PyValue,
): PyCallable =>
  new PyCallable(`<built-in method ${name} of ${typeName} object at 0x7f0000000000>`, (args) =>
    body(bindArguments(name, names, args)),
  );
