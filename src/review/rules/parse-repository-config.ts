import { type Reason, reasonOf } from "../../base/reason.ts";
import { SEVERITIES } from "../finding.ts";
import { DRAFT_HANDLING, type Trigger, TRIGGERS } from "../triggers.ts";
import { readYaml } from "./read-yaml.ts";
import { NO_SETTINGS, type RepositorySettings, RULE_FILE_KINDS } from "./repository-settings.ts";
import { createSettingsReader, type SettingsReader } from "./settings-reader.ts";

/** The file in the root of a repository, read from the target branch only. */
export const REPOSITORY_CONFIG = ".reviewflow.yml";

/** The longest text of rules in the file, in characters. */
const MAX_RULES = 20_000;

/** Triggers as the file names them: with underscores, as in the host's configuration. */
const toKey = (trigger: Trigger): string => trigger.replaceAll("-", "_");

const KEYS = ["language", "rules", "paths", "least", "threads", "triggers", "drafts", "rule_files"];

/**
 * Reads `.reviewflow.yml`. The keys are an allowlist: whatever else is in the file is a problem
 * for the summary of the review, and has no effect. Nothing in it ever fails a review. A file that is
 * refused as a whole sets nothing.
 */
export const parseRepositoryConfig = (
  text: string,
): { readonly settings: RepositorySettings; readonly problems: readonly Reason[] } => {
  const reading = readYaml(REPOSITORY_CONFIG, text);
  if (reading.kind === "refused") return { settings: NO_SETTINGS, problems: [reading.reason] };
  const reader = createSettingsReader(REPOSITORY_CONFIG);
  const settings = readSettings(reader.map(reading.value, "", KEYS), reader);
  return { settings, problems: reader.problems };
};

const readSettings = (file: ReadonlyMap<string, unknown>, reader: SettingsReader): RepositorySettings => {
  const paths = reader.map(file.get("paths"), "paths", ["include", "exclude"]);
  const least = reader.map(file.get("least"), "least", ["severity", "confidence"]);
  return {
    language: readLanguage(file.get("language"), reader),
    rules: reader.text(file.get("rules"), "rules", MAX_RULES),
    paths: {
      include: reader.globs(paths.get("include"), "paths.include"),
      exclude: reader.globs(paths.get("exclude"), "paths.exclude"),
    },
    least: {
      severity: reader.choice(least.get("severity"), "least.severity", SEVERITIES),
      confidence: reader.number(least.get("confidence"), "least.confidence", 0, 1),
    },
    threads: readThreads(file.get("threads"), reader),
    triggers: readTriggers(file.get("triggers"), reader),
    drafts: reader.choice(file.get("drafts"), "drafts", DRAFT_HANDLING),
    ruleFiles: readFlags(file.get("rule_files"), "rule_files", RULE_FILE_KINDS, reader),
  };
};

/** A language goes into prompts as it stands, so it has to look like the name of one. */
const readLanguage = (value: unknown, reader: SettingsReader): string | null => {
  const language = reader.text(value, "language", 64);
  if (language === null || /^\p{L}[\p{L}\p{M} ()-]*$/u.test(language)) return language;
  reader.report(reasonOf("setting-not-language", { file: REPOSITORY_CONFIG, key: "language" }));
  return null;
};

const readThreads = (value: unknown, reader: SettingsReader): number | null => {
  const threads = reader.number(value, "threads", 0, 200);
  if (threads === null || Number.isInteger(threads)) return threads;
  reader.report(reasonOf("setting-not-integer", { file: REPOSITORY_CONFIG, key: "threads" }));
  return null;
};

const readTriggers = (value: unknown, reader: SettingsReader): RepositorySettings["triggers"] => {
  const entries = reader.map(value, "triggers", TRIGGERS.map(toKey));
  return Object.fromEntries(
    TRIGGERS.flatMap((trigger) => {
      const flag = reader.flag(entries.get(toKey(trigger)), `triggers.${toKey(trigger)}`);
      return flag === null ? [] : [[trigger, flag]];
    }),
  );
};

const readFlags = <Name extends string>(
  value: unknown,
  name: string,
  names: readonly Name[],
  reader: SettingsReader,
): Readonly<Partial<Record<Name, boolean>>> => {
  const entries = reader.map(value, name, names);
  const flags: Partial<Record<Name, boolean>> = {};
  for (const one of names) {
    const flag = reader.flag(entries.get(one), `${name}.${one}`);
    if (flag !== null) flags[one] = flag;
  }
  return flags;
};
