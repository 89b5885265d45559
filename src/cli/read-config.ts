import { readFileSync } from "node:fs";
import type { Config, LocalConfig } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig, loadLocalConfig, type LoadOptions } from "../config/load-config.ts";
import { parseSigningToken } from "../gitlab/signing-token.ts";
import { checkTemplate } from "../review/input-mapping.ts";
import { compileTitlePattern } from "../review/filters.ts";

/**
 * Reads the configuration from an environment and a file: the one named, else the one of
 * REVIEWFLOW_CONFIG, else none. Throws a ConfigError with every mistake.
 */
export const readConfig = (environment: Environment, file: string | null): Config =>
  loadConfig(optionsFor(environment, file));

/**
 * Reads what a review on this machine alone needs, from where `readConfig` reads. Neither GitLab nor a
 * server's secrets need be named.
 */
export const readLocalConfig = (environment: Environment, file: string | null): LocalConfig =>
  loadLocalConfig(optionsFor(environment, file));

/** Reads as `readLocalConfig` does, for a command that names its workflow file itself: no flow need be set up. */
export const readConfigForFile = (environment: Environment, file: string | null): LocalConfig =>
  readLocalConfig({ REVIEWFLOW_FLOW: "builtin:review", ...environment }, file);

/** Empty counts as left out, as it does of every other variable. */
const fileOf = ({ REVIEWFLOW_CONFIG: file }: Environment): string | null =>
  file === "" ? null : (file ?? null);

const optionsFor = (environment: Environment, file: string | null): LoadOptions => ({
  environment,
  file: file ?? fileOf(environment),
  readFile: (path) => readFileSync(path, "utf8"),
  checkTemplate,
  isTitlePattern: (pattern) => compileTitlePattern(pattern) !== null,
  checkSigningToken: (token) => {
    const reading = parseSigningToken(token);
    return reading.kind === "valid" ? null : reading.problem;
  },
});
