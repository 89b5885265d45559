import { type Reason, reasonOf } from "../../base/reason.ts";
import { AGENTS_FILE, CONTRIBUTING_FILE, DUO_FILE, isRuleFile } from "./rule-paths.ts";
import type { Rule, RuleFile } from "./rule.ts";
import { readYaml } from "./read-yaml.ts";
import { createSettingsReader, type SettingsReader, showName } from "./settings-reader.ts";

/** The rules that a file holds, and what in it has no effect. */
export type RuleReading = { readonly rules: readonly Rule[]; readonly problems: readonly Reason[] };

/** Reads a file that holds rules; one of another name holds none. Never throws. */
export const readRuleFile = (file: RuleFile): RuleReading => {
  if (isRuleFile(file.path)) return readMarkdown(file);
  if (file.path === DUO_FILE) return readDuoInstructions(file);
  if (file.path === AGENTS_FILE) return { rules: [whole(file, 50)], problems: [] };
  if (file.path === CONTRIBUTING_FILE) return { rules: [whole(file, 60)], problems: [] };
  return { rules: [], problems: [] };
};

const whole = ({ path, text }: RuleFile, claim: number): Rule => ({
  origin: "repository",
  source: path,
  title: headingOf(text) ?? path,
  text,
  paths: null,
  bare: "name",
  claim,
});

const headingOf = (text: string): string | null => /^#\s+(.{1,120})$/mu.exec(text)?.[1]?.trim() ?? null;

/** The front matter of a Markdown file, between lines of three dashes. */
const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n|$)/;

/** A Markdown file with `paths` in its front matter, which need not be there. */
const readMarkdown = (file: RuleFile): RuleReading => {
  const match = FRONT_MATTER.exec(file.text);
  if (match === null) return { rules: [whole(file, 30)], problems: [] };
  const text = file.text.slice(match[0].length);
  const rule = { ...whole({ ...file, text }, 30) };
  const reading = readYaml(file.path, match[1] ?? "", 1);
  // Without its front matter nobody knows which files the rule is for.
  if (reading.kind === "refused") return { rules: [], problems: [reading.reason] };
  const reader = createSettingsReader(file.path);
  const entries = reader.map(reading.value, "", ["paths", "title"]);
  const paths = entries.has("paths") ? reader.globs(entries.get("paths"), "paths") : null;
  const title = reader.text(entries.get("title"), "title", 120) ?? rule.title;
  const { problems } = reader;
  if (entries.has("paths") && paths?.length === 0)
    return { rules: [], problems: [...problems, reasonOf("rules-paths-empty", { file: file.path })] };
  return { rules: [{ ...rule, title, paths }], problems };
};

/** The most groups of instructions that are read from GitLab's file. */
const MAX_INSTRUCTIONS = 50;

/**
 * GitLab's own file: `instructions`, a list of `name`, `fileFilters` (globs, `!` keeps out, none for all
 * files; a glob without a slash is about the root) and `instructions`. Keys that we do not know are
 * GitLab's and no problem.
 *
 * @see https://docs.gitlab.com/user/gitlab_duo/customize_duo/review_instructions/
 */
const readDuoInstructions = (file: RuleFile): RuleReading => {
  const reading = readYaml(file.path, file.text);
  if (reading.kind === "refused") return { rules: [], problems: [reading.reason] };
  const list: unknown = reading.value instanceof Map ? reading.value.get("instructions") : null;
  if (!Array.isArray(list))
    return { rules: [], problems: [reasonOf("rules-instructions-missing", { file: file.path })] };
  const groups: readonly unknown[] = list;
  const reader = createSettingsReader(file.path);
  if (groups.length > MAX_INSTRUCTIONS)
    reader.report(
      reasonOf("rules-instructions-over-limit", {
        file: file.path,
        most: MAX_INSTRUCTIONS,
        count: groups.length,
      }),
    );
  const rules = groups
    .slice(0, MAX_INSTRUCTIONS)
    .flatMap((group, index) => readInstruction(group, `instructions[${index}]`, file.path, reader));
  return { rules, problems: reader.problems };
};

const readInstruction = (
  group: unknown,
  name: string,
  path: string,
  reader: SettingsReader,
): readonly Rule[] => {
  const entries: ReadonlyMap<unknown, unknown> = group instanceof Map ? group : new Map();
  const text = reader.text(entries.get("instructions"), `${name}.instructions`, 20_000);
  if (text === null || text.trim() === "") {
    reader.report(reasonOf("rules-instruction-empty", { file: path, key: name }));
    return [];
  }
  const filters = entries.get("fileFilters");
  const globs = reader.globs(filters, `${name}.fileFilters`);
  const wasEmpty =
    filters === undefined || filters === null || (Array.isArray(filters) && filters.length === 0);
  // Filters of which none could be read are not taken for none at all.
  if (!wasEmpty && globs.length === 0) return [];
  const title = reader.text(entries.get("name"), `${name}.name`, 120) ?? `${showName(path)} ${name}`;
  return [
    {
      origin: "repository",
      source: path,
      title,
      text,
      paths: wasEmpty ? null : globs,
      bare: "path",
      claim: 40,
    },
  ];
};
