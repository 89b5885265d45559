import { VARIABLES } from "../../src/config/environment.ts";
import { ConfigFile } from "../../src/config/file-schema.ts";
import { describeSchema, type Setting } from "./describe-schema.ts";
import { SETTING_TEXTS } from "./setting-texts.ts";

/** A line of the table: one setting, or all below one key. */
type Line = Setting & { readonly text: string };

/**
 * The reference of all settings, as Markdown, from the schema that reads them.
 * Throws an Error that names settings without a text and texts without a setting.
 */
export const renderSettingsPage = (): string => {
  const lines = toLines(describeSchema(ConfigFile));
  const sections = Object.entries(Object.groupBy(lines, ({ path }) => sectionOf(path)));
  return [
    "# Settings",
    "",
    "Every key of the configuration file, made from the schema that reads it (`npm run docs`). How the keys work together, with examples, is",
    "in [configuration.md](configuration.md). A setting without a default may be left out unless it says *required*; a duration needs its unit",
    "(`30s`, `5m`, `2h`); a secret may also be `${NAME}` of the environment. An editor that knows JSON Schema checks the file with",
    "[reviewflow.schema.json](reviewflow.schema.json): `# yaml-language-server: $schema=reviewflow.schema.json` as its first line.",
    ...sections.flatMap(([name, settings]) => ["", `## ${name}`, "", ...table(settings ?? [])]),
    "",
    "## Environment",
    "",
    "These variables mean the same as a key. Those that are secret may end in `_FILE` and name a file that holds the secret.",
    "",
    "| variable | key | secret |",
    "|---|---|---|",
    ...VARIABLES.map(
      ({ name, path, secret }) => `| \`${name}\` | \`${keyOf(path)}\` | ${secret ? "yes" : ""} |`,
    ),
    "",
  ].join("\n");
};

const table = (lines: readonly Line[]): readonly string[] => [
  "| key | takes | default | |",
  "|---|---|---|---|",
  ...lines.map(
    ({ path, takes, fallback, required, text }) =>
      `| \`${path}\` | ${takes} | ${required ? "*required*" : fallback === null || fallback === "null" ? "" : `\`${fallback}\``} | ${text} |`,
  ),
];

const sectionOf = (path: string): string => {
  const [first = path, second] = path.split(".");
  return first === "flows[]" && second !== undefined && SUBSECTIONS.has(second)
    ? `flows[].${second}`
    : first.replace("[]", "");
};

const SUBSECTIONS = new Set(["triggers", "filters", "bots", "commands"]);

/** The file has no key for what the environment says of the only flow and the only model. */
const keyOf = (path: readonly string[]): string =>
  path
    .join(".")
    .replace(/^model\./, "models.default.")
    .replace(/^flow\./, "flows[].")
    .replace(/^dify\./, "flows[].dify.");

const toLines = (settings: readonly Setting[]): readonly Line[] => {
  const keys = Object.keys(SETTING_TEXTS);
  const missing: string[] = [];
  const used = new Set<string>();
  const lines: Line[] = [];
  for (const setting of settings) {
    const key = keys.find(
      (one) =>
        setting.path === one || setting.path.startsWith(`${one}.`) || setting.path.startsWith(`${one}[]`),
    );
    const text = key === undefined ? undefined : SETTING_TEXTS[key];
    if (key === undefined || text === undefined) missing.push(setting.path);
    else if (!used.has(key))
      lines.push(key === setting.path ? { ...setting, text } : { ...groupOf(key), text });
    if (key !== undefined) used.add(key);
  }
  const idle = keys.filter((key) => !used.has(key));
  if (missing.length + idle.length === 0) return lines;
  throw new Error(
    `scripts/docs/setting-texts.ts does not fit the schema.\nWithout a text: ${missing.join(", ")}\nWithout a setting: ${idle.join(", ")}`,
  );
};

const groupOf = (path: string): Setting => ({
  path,
  takes: "a section or list",
  fallback: null,
  required: false,
});
