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

const FLOW_SECTIONS = new Set(["dify", "flow"]);

/**
 * Adds the environment's settings where the file says nothing. A setting that both name, with different
 * values, is a mistake: whichever won, someone would be surprised. `DIFY_…` and the flow's variables
 * fill every flow of the file that leaves those keys out, or make the one flow of a setup without a file.
 */
export const mergeEnvironment = (
  file: Tree,
  { settings }: EnvironmentSettings,
): { readonly tree: Tree; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const merged: Record<string, unknown> = { ...file };
  for (const [key, { variable, value }] of settings) {
    const [section = "", name] = key.split(".");
    if (FLOW_SECTIONS.has(section)) continue;
    const present = name === undefined ? file[section] : sectionOf(file, section)[name];
    if (present === undefined) {
      merged[section] = name === undefined ? value : { ...sectionOf(merged, section), [name]: value };
    } else if (JSON.stringify(present) !== JSON.stringify(value)) {
      problems.push(`${variable} and the file's ${key} are both set and differ; keep one of them`);
    }
  }
  const given = (section: string): Tree =>
    Object.fromEntries(
      [...settings]
        .filter(([key]) => key.startsWith(`${section}.`))
        .map(([key, { value }]) => [key.slice(section.length + 1), value]),
    );
  merged["flows"] = mergeFlows(file["flows"], given("flow"), given("dify"));
  return { tree: merged, problems };
};

const mergeFlows = (flows: unknown, flowDefaults: Tree, dify: Tree): unknown => {
  if (flows === undefined) {
    return Object.keys(dify).length === 0 ? undefined : [{ name: "default", ...flowDefaults, dify }];
  }
  if (!Array.isArray(flows)) return flows;
  return flows.map((flow: unknown) =>
    isTree(flow) ? { ...flowDefaults, ...flow, dify: { ...dify, ...sectionOf(flow, "dify") } } : flow,
  );
};
