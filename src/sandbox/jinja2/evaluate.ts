import type { ArgumentsNode, CompareSign, Expression } from "./ast.ts";
import { getAttribute, getItem, getSlice } from "./attributes.ts";
import { compare, isEqual } from "./compare.ts";
import type { Environment } from "./environment.ts";
import { applyArithmetic, applySign, concatenate, isIn } from "./operators.ts";
import type { Scope } from "./scope.ts";
import { isTrue, iterate, textOf, typeName } from "./types.ts";
import { PyCallable, PyDict, PyError, PyList, PyObject, PyTuple, PyUndefined } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

const holds = (sign: CompareSign, left: PyValue, right: PyValue): boolean => {
  switch (sign) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "in":
      return isIn(left, right);
    case "not in":
      return !isIn(left, right);
    case "<":
      return compare(left, right, sign) < 0;
    case "<=":
      return compare(left, right, sign) <= 0;
    case ">":
      return compare(left, right, sign) > 0;
    case ">=":
      return compare(left, right, sign) >= 0;
  }
};

const evaluateComparison = (
  first: Expression,
  rest: readonly (readonly [CompareSign, Expression])[],
  scope: Scope,
  environment: Environment,
): boolean => {
  let left = evaluate(first, scope, environment);
  for (const [sign, expression] of rest) {
    const right = evaluate(expression, scope, environment);
    if (!holds(sign, left, right)) return false;
    left = right;
  }
  return true;
};

/** The values of a call's arguments. */
export const evaluateArguments = (
  args: ArgumentsNode,
  scope: Scope,
  environment: Environment,
): CallArguments => {
  const positional = args.positional.map((item) => evaluate(item, scope, environment));
  if (args.star !== null) positional.push(...iterate(evaluate(args.star, scope, environment)));
  const named = new Map(
    args.named.map(([name, item]) => [name, evaluate(item, scope, environment)] as const),
  );
  if (args.doubleStar !== null) {
    const mapping = evaluate(args.doubleStar, scope, environment);
    if (!(mapping instanceof PyDict))
      throw new PyError("TypeError", `argument after ** must be a mapping, not ${typeName(mapping)}`);
    for (const [key, value] of mapping.entries()) named.set(textOf(key) ?? "", value);
  }
  return { positional, named };
};

/** Calls a value. Throws what Python or Jinja2 throws for one that cannot be called. */
export const callValue = (target: PyValue, args: CallArguments): PyValue => {
  if (target instanceof PyCallable) return target.call(args);
  if (target instanceof PyObject && target.call !== null) return target.call(args);
  if (target instanceof PyUndefined) throw target.fail();
  throw new PyError("TypeError", `'${typeName(target)}' object is not callable`);
};

const evaluateConditional = (
  node: Extract<Expression, { kind: "conditional" }>,
  scope: Scope,
  environment: Environment,
): PyValue => {
  if (isTrue(evaluate(node.test, scope, environment))) return evaluate(node.yes, scope, environment);
  if (node.no !== null) return evaluate(node.no, scope, environment);
  return new PyUndefined(
    `the inline if-expression on line ${node.line} evaluated to false and no else section was defined.`,
  );
};

const evaluateSlice = (
  node: Extract<Expression, { kind: "slice" }>,
  scope: Scope,
  environment: Environment,
): PyValue => {
  const [start = null, stop = null, step = null] = node.bounds.map((bound) =>
    bound === null ? null : evaluate(bound, scope, environment),
  );
  return getSlice(evaluate(node.target, scope, environment), [start, stop, step]);
};

const evaluateFlow = (
  node: Extract<Expression, { kind: "and" | "or" }>,
  scope: Scope,
  environment: Environment,
): PyValue => {
  const left = evaluate(node.left, scope, environment);
  return isTrue(left) === (node.kind === "or") ? left : evaluate(node.right, scope, environment);
};

/** Leaves and displays. */
const evaluateValue = (
  node: Expression,
  scope: Scope,
  get: (part: Expression) => PyValue,
): PyValue | undefined => {
  switch (node.kind) {
    case "constant":
      return node.value;
    case "name": {
      const found = scope.find(node.name);
      return found === undefined ? new PyUndefined(`'${node.name}' is undefined`) : found;
    }
    case "list":
      return new PyList(node.items.map(get));
    case "tuple":
      return new PyTuple(node.items.map(get));
    case "dict":
      return new PyDict(node.entries.map(([key, value]) => [get(key), get(value)] as const));
    case "attribute":
      return getAttribute(get(node.target), node.name);
    case "item":
      return getItem(get(node.target), get(node.key));
    case "not":
      return !isTrue(get(node.operand));
    case "arithmetic":
      return applyArithmetic(node.sign, get(node.left), get(node.right));
    case "sign":
      return applySign(node.sign, get(node.operand));
    case "concat":
      return concatenate(node.items.map(get));
    default:
      return undefined;
  }
};

const applyNamed = (
  node: Extract<Expression, { kind: "filter" | "test" }>,
  scope: Scope,
  environment: Environment,
): PyValue => {
  const { kind, name } = node;
  if (!(kind === "filter" ? environment.hasFilter(name) : environment.hasTest(name)))
    throw new PyError("TemplateAssertionError", `No ${kind} named '${name}'.`);
  const value = evaluate(node.target, scope, environment);
  const args = evaluateArguments(node.args, scope, environment);
  return kind === "filter"
    ? environment.callFilter(name, value, args)
    : environment.callTest(name, value, args);
};

/** The value of an expression. Throws a `PyError` where Python or Jinja2 throws. */
export const evaluate = (node: Expression, scope: Scope, environment: Environment): PyValue => {
  const get = (part: Expression): PyValue => evaluate(part, scope, environment);
  switch (node.kind) {
    case "slice":
      return evaluateSlice(node, scope, environment);
    case "call":
      return callValue(get(node.target), evaluateArguments(node.args, scope, environment));
    case "filter":
    case "test":
      return applyNamed(node, scope, environment);
    case "and":
    case "or":
      return evaluateFlow(node, scope, environment);
    case "compare":
      return evaluateComparison(node.first, node.rest, scope, environment);
    case "conditional":
      return evaluateConditional(node, scope, environment);
    default: {
      const value = evaluateValue(node, scope, get);
      if (value === undefined) throw new TypeError(`An expression of kind ${node.kind} is not evaluated`);
      return value;
    }
  }
};
