import { z } from "zod";
import type { Journal } from "../../base/journal.ts";
import { Json, JsonObject } from "../../base/json.ts";
import { FlowUsage } from "../flow-usage.ts";
import type { NodeOutcome } from "../node.ts";
import type { PoolWrite } from "../pool.ts";
import type { ValueType } from "../value-type.ts";

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

const Write: z.ZodType<PoolWrite> = z.object({
  selector: z.tuple([z.string(), z.string()]),
  variable: z.object({ type: Type, value: Json }),
});

const common = { usage: FlowUsage, elapsedMs: z.number(), failures: z.number(), respond: JsonObject };

/** A finished node as the journal keeps it: how it ended and what that took. */
export const StepEntry = z.discriminatedUnion("ok", [
  z.object({
    ...common,
    ok: z.literal(true),
    outputs: JsonObject,
    types: z.record(z.string(), Type),
    inputs: JsonObject,
    handle: z.string(),
    writes: z.array(Write),
  }),
  z.object({
    ...common,
    ok: z.literal(false),
    errorType: z.string(),
    message: z.string(),
    inputs: JsonObject,
  }),
]);
export type StepEntry = z.infer<typeof StepEntry>;

/** The outcome that an entry tells of. */
export const outcomeOfEntry = (entry: StepEntry): NodeOutcome =>
  entry.ok
    ? {
        ok: true,
        outputs: entry.outputs,
        types: entry.types,
        inputs: entry.inputs,
        handle: entry.handle,
        writes: entry.writes,
      }
    : { ok: false, errorType: entry.errorType, message: entry.message, inputs: entry.inputs };

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

const toJson = (entry: StepEntry): Json =>
  entry.ok ? { ...entry, writes: entry.writes.map(writeToJson) } : entry;

const writeToJson = ({ selector, variable }: PoolWrite): Json => ({
  selector: [...selector],
  variable: { type: variable.type, value: variable.value },
});
