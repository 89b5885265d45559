import type { Expression, MacroNode, Statement } from "./ast.ts";
import { evaluate } from "./evaluate.ts";
import type { Environment } from "./environment.ts";
import { Scope } from "./scope.ts";
import { PyCallable, PyDict, PyError, PyTuple, PyUndefined } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

/** Whether a name is read anywhere in a part of the tree. */
const mentions = (part: unknown, name: string): boolean => {
  if (typeof part !== "object" || part === null) return false;
  if (Array.isArray(part)) return part.some((item) => mentions(item, name));
  const kind: unknown = Reflect.get(part, "kind");
  const own: unknown = Reflect.get(part, "name");
  if (kind === "name" && own === name) return true;
  return kind !== "constant" && Object.values(part).some((item) => mentions(item, name));
};

/** Python allows 1000 frames; a macro call takes several of them. */
const MAX_CALL_DEPTH = 150;
let callDepth = 0;

/** Runs `body` one call deeper. Throws Python's RecursionError when that is too deep. */
export const withCallDepth = <T>(body: () => T): T => {
  if (callDepth >= MAX_CALL_DEPTH) throw new PyError("RecursionError", "maximum recursion depth exceeded");
  callDepth += 1;
  try {
    return body();
  } finally {
    callDepth -= 1;
  }
};

const bindParameter = (
  scope: Scope,
  environment: Environment,
  [name, fallback]: readonly [string, Expression | null],
  given: PyValue | undefined,
): void => {
  if (given !== undefined) scope.set(name, given);
  else if (fallback !== null) scope.set(name, evaluate(fallback, scope, environment));
  else scope.set(name, new PyUndefined(`parameter '${name}' was not provided`));
};

const refuseExtras = (
  label: string,
  node: MacroNode,
  extra: readonly PyValue[],
  named: ReadonlyMap<string, PyValue>,
  catches: { varargs: boolean; kwargs: boolean },
): void => {
  if (extra.length > 0 && !catches.varargs)
    throw new PyError(
      "TypeError",
      `macro ${label} takes not more than ${node.parameters.length} argument(s)`,
    );
  const [unknown] = named.keys();
  if (unknown !== undefined && !catches.kwargs)
    throw new PyError("TypeError", `macro ${label} takes no keyword argument '${unknown}'`);
};

/** A macro, or the body of a call block, as something to call. `render` makes the text of the body. */
export const createMacro = (
  node: MacroNode,
  outer: Scope,
  environment: Environment,
  render: (body: readonly Statement[], scope: Scope) => string,
): PyCallable => {
  const names = node.parameters.map(([name]) => name);
  const catches = {
    varargs: mentions(node.body, "varargs"),
    kwargs: mentions(node.body, "kwargs"),
    caller: mentions(node.body, "caller"),
  };
  const label = node.name === null ? "None" : `'${node.name}'`;

  const call = (args: CallArguments): PyValue => {
    const scope = new Scope(outer);
    const named = new Map(args.named);
    if (catches.caller && !names.includes("caller")) {
      scope.set("caller", named.get("caller") ?? new PyUndefined("No caller defined"));
      named.delete("caller");
    }
    for (const [at, parameter] of node.parameters.entries()) {
      const [name] = parameter;
      const positional = args.positional[at];
      if (positional !== undefined && named.has(name))
        throw new PyError("TypeError", `macro ${label} got multiple values for argument '${name}'`);
      bindParameter(scope, environment, parameter, positional === undefined ? named.get(name) : positional);
      named.delete(name);
    }
    const extra = args.positional.slice(names.length);
    refuseExtras(label, node, extra, named, catches);
    if (catches.varargs) scope.set("varargs", new PyTuple(extra));
    if (catches.kwargs) scope.set("kwargs", new PyDict(named));
    return withCallDepth(() => render(node.body, scope));
  };
  const attributes = new Map<string, PyValue>([
    ["name", node.name],
    ["arguments", new PyTuple(names)],
    ["catch_kwargs", catches.kwargs],
    ["catch_varargs", catches.varargs],
    ["caller", catches.caller],
  ]);
  return new PyCallable(node.name === null ? "<Macro anonymous>" : `<Macro ${label}>`, call, attributes);
};
