import type { FilterNode, Statement, Target } from "./ast.ts";
import { callValue, evaluate, evaluateArguments } from "./evaluate.ts";
import type { Environment } from "./environment.ts";
import { createLoop } from "./loop.ts";
import type { LoopState } from "./loop.ts";
import { createMacro, withCallDepth } from "./macro.ts";
import { str } from "./print.ts";
import { Output, Scope } from "./scope.ts";
import { isTrue, listOf } from "./types.ts";
import { PyError, PyObject } from "./values.ts";
import type { PyValue } from "./values.ts";

/** What stays the same while one template is rendered. */
export type Rendering = {
  readonly environment: Environment;
  /** The scope of the template itself, which blocks see. */
  readonly root: Scope;
  readonly maxOutput: number;
};

type StatementOf<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** Assigns as Python does, unpacking tuples. */
const assign = (target: Target, value: PyValue, scope: Scope): void => {
  if (target.kind === "name") return scope.set(target.name, value);
  if (target.kind === "namespace") {
    const owner = scope.find(target.name);
    if (!(owner instanceof PyObject) || owner.set === null)
      throw new PyError("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
    return owner.set(target.attribute, value);
  }
  const items = listOf(value);
  const wanted = target.items.length;
  if (items.length < wanted)
    throw new PyError("ValueError", `not enough values to unpack (expected ${wanted}, got ${items.length})`);
  if (items.length > wanted)
    throw new PyError("ValueError", `too many values to unpack (expected ${wanted})`);
  for (const [at, part] of target.items.entries()) {
    const item = items[at];
    if (item !== undefined) assign(part, item, scope);
  }
};

const capture = (body: readonly Statement[], scope: Scope, rendering: Rendering): string => {
  const output = new Output(rendering.maxOutput);
  execute(body, scope, output, rendering);
  return output.text();
};

const applyFilters = (
  text: string,
  filters: readonly FilterNode[],
  scope: Scope,
  { environment }: Rendering,
): PyValue =>
  filters.reduce<PyValue>(
    (value, { name, args }) =>
      environment.callFilter(name, value, evaluateArguments(args, scope, environment)),
    text,
  );

const executeLoop = (
  node: StatementOf<"for">,
  source: PyValue,
  depth: number,
  scope: Scope,
  output: Output,
  rendering: Rendering,
): void => {
  const { test } = node;
  const all = listOf(source);
  const items =
    test === null
      ? all
      : all.filter((item) => {
          const inner = new Scope(scope);
          assign(node.target, item, inner);
          return isTrue(evaluate(test, inner, rendering.environment));
        });
  const recurse = (inner: PyValue): PyValue => {
    const nested = new Output(rendering.maxOutput);
    withCallDepth(() => executeLoop(node, inner, depth + 1, scope, nested, rendering));
    return nested.text();
  };
  const state: LoopState = { items, index: 0, last: null, depth, recurse: node.recursive ? recurse : null };
  const loop = createLoop(state);
  for (const [index, item] of items.entries()) {
    state.index = index;
    const inner = new Scope(scope);
    inner.set("loop", loop);
    assign(node.target, item, inner);
    execute(node.body, inner, output, rendering);
  }
  if (items.length === 0) execute(node.otherwise, new Scope(scope), output, rendering);
};

const executeIf = (node: StatementOf<"if">, scope: Scope, output: Output, rendering: Rendering): void => {
  const taken = node.branches.find(([test]) => isTrue(evaluate(test, scope, rendering.environment)));
  execute(taken === undefined ? node.otherwise : taken[1], scope, output, rendering);
};

const executeCall = (
  node: StatementOf<"call-block">,
  scope: Scope,
  output: Output,
  rendering: Rendering,
): void => {
  const { environment } = rendering;
  if (node.call.kind !== "call") return;
  const caller = createMacro(node.caller, scope, environment, (body, inner) =>
    capture(body, inner, rendering),
  );
  const args = evaluateArguments(node.call.args, scope, environment);
  const named = new Map<string, PyValue>([...args.named, ["caller", caller]]);
  output.write(
    str(callValue(evaluate(node.call.target, scope, environment), { positional: args.positional, named })),
  );
};

const executeWith = (node: StatementOf<"with">, scope: Scope, output: Output, rendering: Rendering): void => {
  const inner = new Scope(scope);
  // The values are taken from outside, so that one binding does not see another.
  const values = node.bindings.map(
    ([target, value]) => [target, evaluate(value, scope, rendering.environment)] as const,
  );
  for (const [target, value] of values) assign(target, value, inner);
  execute(node.body, inner, output, rendering);
};

const executeOne = (node: Statement, scope: Scope, output: Output, rendering: Rendering): void => {
  const { environment } = rendering;
  switch (node.kind) {
    case "text":
      return output.write(node.text);
    case "print":
      return output.write(str(evaluate(node.value, scope, environment)));
    case "if":
      return executeIf(node, scope, output, rendering);
    case "for":
      return executeLoop(node, evaluate(node.items, scope, environment), 0, scope, output, rendering);
    case "set":
      return assign(node.target, evaluate(node.value, scope, environment), scope);
    case "set-block":
      return assign(
        node.target,
        applyFilters(capture(node.body, new Scope(scope), rendering), node.filters, scope, rendering),
        scope,
      );
    case "with":
      return executeWith(node, scope, output, rendering);
    case "macro":
      return scope.set(
        node.macro.name ?? "",
        createMacro(node.macro, scope, environment, (body, inner) => capture(body, inner, rendering)),
      );
    case "call-block":
      return executeCall(node, scope, output, rendering);
    case "filter-block":
      return output.write(
        str(applyFilters(capture(node.body, new Scope(scope), rendering), node.filters, scope, rendering)),
      );
    case "block":
      return execute(node.body, new Scope(rendering.root), output, rendering);
  }
};

/** Runs statements, which write to `output` and set names in `scope`. */
export const execute = (
  body: readonly Statement[],
  scope: Scope,
  output: Output,
  rendering: Rendering,
): void => {
  for (const node of body) executeOne(node, scope, output, rendering);
};
