import { z } from "zod";
import { ContextLimit } from "../../base/context-limit.ts";
import type { Journal } from "../../base/journal.ts";
import { Json, JsonObject } from "../../base/json.ts";
import { FlowUsage } from "../flow-usage.ts";
import { type Exact, exactEntries, isExactArray, isExactNumber, isPlain, parseExact } from "../exact.ts";
import type { NodeOutcome } from "../node.ts";
import { ownValue } from "../own-value.ts";
import type { PoolWrite } from "../pool.ts";
import { pythonJson } from "../value-text.ts";
import {
  exactOf,
  exactVariable,
  isJsonArray,
  isJsonObject,
  outputsOf,
  type ValueType,
  type Variable,
} from "../value-type.ts";
import { type FlowMessage, isFlowMessage } from "../messages/message.ts";

const Type: z.ZodType<ValueType> = z.enum([
  "none",
  "string",
  "integer",
  "float",
  "boolean",
  "object",
  "file",
  "array[any]",
  "array[string]",
  "array[number]",
  "array[object]",
  "array[file]",
  "array[boolean]",
]);

/**
 * The numbers of a value that JSON loses, by key or index, each as Python's JSON writes it. Texts stay where a secret
 * among them is found: in the value.
 */
type Numbers = string | { readonly [key: string]: Numbers };

const Numbers: z.ZodType<Numbers> = z.lazy(() => z.union([z.string(), z.record(z.string(), Numbers)]));

const numbersOf = (value: Exact): Numbers | undefined => {
  if (isExactNumber(value)) return isPlain(value) ? undefined : pythonJson(value);
  const children = isExactArray(value)
    ? value.map((item, index) => [String(index), item] as const)
    : exactEntries(value);
  const found = children.flatMap(([key, item]) => {
    const numbers = numbersOf(item);
    return numbers === undefined ? [] : [[key, numbers] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
};

const withNumbers = (value: Json, numbers: Numbers | undefined): Exact => {
  if (numbers === undefined) return value;
  if (typeof numbers === "string") return parseExact(numbers);
  if (isJsonArray(value)) return value.map((item, index) => withNumbers(item, numbers[String(index)]));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries<Json>(value).map(([key, item]) => [key, withNumbers(item, ownValue(numbers, key))]),
  );
};

const JournaledVariable: z.ZodType<Variable> = z
  .object({ type: Type, value: Json, numbers: Numbers.optional() })
  .transform(({ type, value, numbers }) =>
    numbers === undefined ? { type, value } : exactVariable(withNumbers(value, numbers), type),
  );

const Write: z.ZodType<PoolWrite> = z.object({
  selector: z.tuple([z.string(), z.string()]),
  variable: JournaledVariable,
});

const JournaledMessage = z.custom<FlowMessage>(isFlowMessage);

const Variables = z.record(z.string(), JournaledVariable);

const common = { usage: FlowUsage, elapsedMs: z.number(), failures: z.number(), respond: Variables };

/** A finished node as the journal keeps it: how it ended and what that took. */
export const StepEntry = z.discriminatedUnion("ok", [
  z.object({
    ...common,
    ok: z.literal(true),
    outputs: Variables,
    inputs: JsonObject,
    handle: z.string(),
    writes: z.array(Write),
  }),
  z.object({
    ...common,
    ok: z.literal(false),
    errorType: z.string(),
    message: JournaledMessage,
    /** All that is kept of its cause: a failure that may pass is not kept. */
    contextLimit: ContextLimit.optional(),
    inputs: JsonObject,
  }),
]);
export type StepEntry = z.infer<typeof StepEntry>;

/** The outcome that an entry tells of. */
export const outcomeOfEntry = (entry: StepEntry): NodeOutcome =>
  entry.ok
    ? {
        ok: true,
        ...outputsOf(entry.outputs),
        inputs: entry.inputs,
        handle: entry.handle,
        writes: entry.writes,
      }
    : {
        ok: false,
        errorType: entry.errorType,
        message: entry.message,
        inputs: entry.inputs,
        cause: entry.contextLimit === undefined ? undefined : { contextLimit: entry.contextLimit },
      };

/** The finished nodes of a run, by the path of the round and the node's id. */
export type StepJournal = {
  readonly read: (key: string) => StepEntry | undefined;
  readonly write: (key: string, entry: StepEntry) => Promise<void>;
};

/**
 * Opens the entries that the same text of the flow has left in a run's journal. They are read at once,
 * since a taken-up run asks for each of them. An entry that cannot be understood counts as not written.
 */
export const openStepJournal = async (journal: Journal, digest: string): Promise<StepJournal> => {
  const prefix = `node/${digest.slice(0, 16)}/`;
  const entries = new Map<string, StepEntry>();
  for (const [key, value] of await journal.entries(prefix)) {
    const parsed = StepEntry.safeParse(value);
    if (parsed.success) entries.set(key.slice(prefix.length), parsed.data);
  }
  return {
    read: (key) => entries.get(key),
    write: async (key, entry) => {
      await journal.write(prefix + key, toJson(entry));
    },
  };
};

const toJson = (entry: StepEntry): Json => {
  const inputs = finite(entry.inputs);
  const respond = variablesToJson(entry.respond);
  if (!entry.ok) {
    const { contextLimit, ...rest } = entry;
    return { ...rest, inputs, respond, ...(contextLimit === undefined ? {} : { contextLimit }) };
  }
  return {
    ...entry,
    inputs,
    respond,
    outputs: variablesToJson(entry.outputs),
    writes: entry.writes.map(({ selector, variable }) => ({
      selector: [...selector],
      variable: variableToJson(variable),
    })),
  };
};

const variablesToJson = (variables: Readonly<Record<string, Variable>>): JsonObject =>
  Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variableToJson(variable)]));

const variableToJson = (variable: Variable): Json => {
  const { type, value, exact } = variable;
  // Containers without exact numbers are plain.
  if (exact === undefined && typeof value === "object") return { type, value };
  const numbers = numbersOf(exactOf(variable));
  return numbers === undefined ? { type, value } : { type, value: finite(value), numbers };
};

/** A value with null for the numbers that JSON has not. */
const finite = (value: Json): Json => (isPlain(value) ? value : withoutNonFinite(value));

const withoutNonFinite = (value: Json): Json => {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (isJsonArray(value)) return value.map(withoutNonFinite);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries<Json>(value).map(([key, item]) => [key, withoutNonFinite(item)]));
};
