import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import type { FlowInput } from "./flow-runner.ts";

/** What is wrong between the inputs that a flow declares and those that are configured for it. */
export type InputCheck = {
  /** Each stops the flow from running at all. */
  readonly errors: readonly Message[];
  /** Each is worth knowing and harms nothing: Dify drops inputs that a flow does not declare. */
  readonly warnings: readonly Message[];
};

const TEXT_TYPES = new Set(["text-input", "paragraph", "select"]);

/**
 * Compares the inputs that a flow declares with those that the configuration gives it. `flow` is the
 * flow's name in the configuration, so that a problem names the key to change. `needed` are inputs without
 * which the flow cannot do its work, so that it has to declare them.
 */
export const checkInputs = (
  flow: string,
  declared: readonly FlowInput[],
  configured: Readonly<Record<string, string | number | boolean>>,
  needed: readonly string[] = [],
): InputCheck => {
  const names = new Set(declared.map(({ name }) => name));
  const missing = needed
    .filter((name) => !names.has(name))
    .map((name) => problemAt(`flows.${flow}`, message("flow.input-undeclared", { name })));
  const unfit = declared.flatMap((input) => {
    const value = configured[input.name];
    const key = `flows.${flow}.inputs.${input.name}`;
    if (value === undefined) {
      const { name, type } = input;
      return input.required ? [problemAt(key, message("flow.input-missing", { name, type }))] : [];
    }
    if (TEXT_TYPES.has(input.type) && typeof value !== "string") {
      return [problemAt(key, message("flow.input-not-text", { name: input.name, type: input.type }))];
    }
    if (input.type === "file" || input.type === "file-list") {
      return [problemAt(key, message("flow.input-is-file", { name: input.name, type: input.type }))];
    }
    return [];
  });
  const warnings = Object.keys(configured)
    .filter((name) => !names.has(name))
    .map((name) => problemAt(`flows.${flow}.inputs.${name}`, message("flow.input-unused")));
  return { errors: [...missing, ...unfit], warnings };
};
