import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import type { EnvironmentSettings } from "./environment.ts";

/** A plain object of the parsed file. */
export type Tree = { readonly [key: string]: unknown };

/** Whether a value is a plain object of the file. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A section of the tree, empty where it is missing. */
export const sectionOf = (tree: Tree, name: string): Tree => {
  const section = tree[name];
  return isTree(section) ? section : {};
};

/** Sections of the environment that are no sections of the file. */
const OWN_SECTIONS = new Set(["dify", "flow", "model"]);

/**
 * Adds the environment's settings where the file says nothing. A setting that both name, with different
 * values, is a mistake: whichever won, someone would be surprised; a file that refers to the variable has its say. `DIFY_…` and the flow's variables
 * fill every flow of the file that leaves those keys out, or make the one flow of a setup without a file;
 * `MODEL_…` makes the model of a file that names none. `used` holds the variables that the file refers to.
 */
export const mergeEnvironment = (
  file: Tree,
  { settings }: EnvironmentSettings,
  used: ReadonlySet<string>,
): { readonly tree: Tree; readonly problems: readonly Message[] } => {
  const problems: Message[] = [];
  const merged: Record<string, unknown> = { ...file };
  for (const [key, { variable, value }] of settings) {
    const [section = "", name] = key.split(".");
    if (OWN_SECTIONS.has(section)) continue;
    const present = name === undefined ? file[section] : sectionOf(file, section)[name];
    if (present === undefined) {
      merged[section] = name === undefined ? value : { ...sectionOf(merged, section), [name]: value };
    } else if (!used.has(variable) && JSON.stringify(present) !== JSON.stringify(value)) {
      problems.push(message("config.differs-from-file", { variable, key }));
    }
  }
  const given = (section: string): Tree =>
    [...settings].reduce<Tree>((tree, [key, { value }]) => {
      const [first, ...path] = key.split(".");
      return first === section ? put(tree, path, value) : tree;
    }, {});
  const model = given("model");
  if (file["models"] === undefined) {
    if (Object.keys(model).length > 0) merged["models"] = { default: model };
  } else {
    const idle = [...settings].filter(
      ([key, { variable }]) => key.startsWith("model.") && !used.has(variable),
    );
    problems.push(
      ...idle.map(([key, { variable }]) =>
        problemAt(
          variable,
          message("config.variable-without-effect", {
            reference: `${key.slice("model.".length)}: \${${variable}}`,
          }),
        ),
      ),
    );
  }
  const hasModels = merged["models"] !== undefined;
  merged["flows"] = mergeFlows(file["flows"], given("flow"), given("dify"), hasModels);
  return { tree: merged, problems };
};

/** The tree with a value at a path of keys. */
const put = (tree: Tree, [key = "", ...rest]: readonly string[], value: unknown): Tree => ({
  ...tree,
  [key]: rest.length === 0 ? value : put(sectionOf(tree, key), rest, value),
});

const mergeFlows = (flows: unknown, defaults: Tree, dify: Tree, hasModels: boolean): unknown => {
  const hasDify = Object.keys(dify).length > 0;
  if (flows === undefined) {
    if (defaults["file"] === undefined && hasDify) return [{ name: "default", ...defaults, dify }];
    return hasModels || defaults["file"] !== undefined ? [{ name: "default", ...defaults }] : undefined;
  }
  if (!Array.isArray(flows)) return flows;
  return flows.map((flow: unknown) => {
    if (!isTree(flow)) return flow;
    if (flow["dify"] === undefined && (flow["file"] !== undefined || !hasDify))
      return { ...defaults, ...flow };
    const { file: _, ...rest } = defaults;
    return { ...rest, ...flow, dify: { ...dify, ...sectionOf(flow, "dify") } };
  });
};
