import type { ArithmeticSign } from "./operators.ts";
import type { PyValue } from "./values.ts";

/** The arguments of a call as written. */
export type ArgumentsNode = {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*args` and `**kwargs`. */
  readonly star: Expression | null;
  readonly doubleStar: Expression | null;
};

/** The signs of comparisons. */
export type CompareSign = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** An expression of a template. */
export type Expression =
  | { readonly kind: "constant"; readonly value: PyValue }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly target: Expression; readonly name: string }
  | { readonly kind: "item"; readonly target: Expression; readonly key: Expression }
  | { readonly kind: "slice"; readonly target: Expression; readonly bounds: readonly (Expression | null)[] }
  | { readonly kind: "call"; readonly target: Expression; readonly args: ArgumentsNode }
  | {
      readonly kind: "filter";
      readonly target: Expression;
      readonly name: string;
      readonly args: ArgumentsNode;
    }
  | {
      readonly kind: "test";
      readonly target: Expression;
      readonly name: string;
      readonly args: ArgumentsNode;
    }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [CompareSign, Expression])[];
    }
  | {
      readonly kind: "arithmetic";
      readonly sign: ArithmeticSign;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "sign"; readonly sign: "-" | "+"; readonly operand: Expression }
  | { readonly kind: "concat"; readonly items: readonly Expression[] }
  | {
      readonly kind: "conditional";
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression | null;
      readonly line: number;
    };

/** What can be assigned to: a name, a namespace's attribute, or several. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "namespace"; readonly name: string; readonly attribute: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] };

/** A filter to apply to a captured text. */
export type FilterNode = { readonly name: string; readonly args: ArgumentsNode };

/** The parameters and the body of a macro or a call block. */
export type MacroNode = {
  readonly name: string | null;
  readonly parameters: readonly (readonly [name: string, fallback: Expression | null])[];
  readonly body: readonly Statement[];
};

/** A statement of a template. */
export type Statement =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | {
      readonly kind: "if";
      readonly branches: readonly (readonly [test: Expression, body: readonly Statement[]])[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: "for";
      readonly target: Target;
      readonly items: Expression;
      readonly test: Expression | null;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: "set-block";
      readonly target: Target;
      readonly filters: readonly FilterNode[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "with";
      readonly bindings: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: "macro"; readonly macro: MacroNode }
  | { readonly kind: "call-block"; readonly call: Expression; readonly caller: MacroNode }
  | {
      readonly kind: "filter-block";
      readonly filters: readonly FilterNode[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: "block"; readonly name: string; readonly body: readonly Statement[] };
