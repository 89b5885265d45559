import type { FlowInput } from "./flow-runner.ts";

/** What is wrong between the inputs that a flow declares and those that are configured for it. */
export type InputCheck = {
  /** Each stops the flow from running at all. */
  readonly errors: readonly string[];
  /** Each is worth knowing and harms nothing: Dify drops inputs that a flow does not declare. */
  readonly warnings: readonly string[];
};

const TEXT_TYPES = new Set(["text-input", "paragraph", "select"]);

/**
 * Compares the inputs that a flow declares with those that the configuration gives it. `flow` is the
 * flow's name in the configuration, so that the message names the key to change. `needed` are inputs without
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
    .map(
      (name) =>
        `flows.${flow}: the flow does not declare the input ${name}, without which it has nothing to judge`,
    );
  const unfit = declared.flatMap((input) => {
    const value = configured[input.name];
    const key = `flows.${flow}.inputs.${input.name}`;
    if (value === undefined) {
      return input.required
        ? [`${key} is missing: the flow requires the input ${input.name} (${input.type})`]
        : [];
    }
    if (TEXT_TYPES.has(input.type) && typeof value !== "string") {
      return [`${key} must be a text: the flow declares ${input.name} as ${input.type}`];
    }
    if (input.type === "file" || input.type === "file-list") {
      return [`${key}: the flow declares ${input.name} as ${input.type}, which a webhook cannot fill`];
    }
    return [];
  });
  const warnings = Object.keys(configured)
    .filter((name) => !names.has(name))
    .map((name) => `flows.${flow}.inputs.${name} is not declared by the flow and will be dropped`);
  return { errors: [...missing, ...unfit], warnings };
};
