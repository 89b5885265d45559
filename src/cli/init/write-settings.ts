import { access, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { stringify } from "yaml";
import { describeError } from "../../base/errors.ts";
import type { Translate } from "../../messages/format-message.ts";
import { message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";

/** The files that `init` makes. */
export const ENV_FILE = ".env";
export const CONFIG_FILE = "reviewflow.yml";

/** What a new server is set up with. */
export type Settings = {
  /** By variable: how GitLab and the model or Dify are reached, and every secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where GitLab reaches the server; null where that is not known yet. */
  readonly publicUrl: string | null;
  /** Globs over project paths; empty for all. */
  readonly projects: readonly string[];
  readonly language: string;
  readonly contract: string | null;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Which of the files are there already. */
export const existingFiles = async (folder: string): Promise<readonly string[]> => {
  const there = await Promise.all([ENV_FILE, CONFIG_FILE].map((name) => isThere(join(folder, name))));
  return [ENV_FILE, CONFIG_FILE].filter((_, index) => there[index]);
};

/** Moves a file out of the way, to the first free name behind it; the new name. */
export const keepOld = async (folder: string, name: string): Promise<string> => {
  for (let count = 1; ; count += 1) {
    const kept = `${name}.old${count === 1 ? "" : `-${count}`}`;
    if (await isThere(join(folder, kept))) continue;
    await rename(join(folder, name), join(folder, kept));
    return kept;
  }
};

/** Writes both files, which must not be there; `.env` for its owner alone. Throws a CommandError. */
export const writeSettings = async (folder: string, settings: Settings, t: Translate): Promise<void> => {
  const files = [
    { name: CONFIG_FILE, text: renderConfig(settings, t), mode: 0o644 },
    {
      name: ENV_FILE,
      text: renderVariables({ REVIEWFLOW_CONFIG: CONFIG_FILE, ...settings.variables }, t),
      mode: 0o600,
    },
  ];
  for (const { name, text, mode } of files) {
    try {
      await writeFile(join(folder, name), text, { mode, flag: "wx" });
    } catch (cause) {
      const problem = { file: join(folder, name), problem: describeError(cause) };
      throw new CommandError(message("cli.file-unwritable", problem), { cause });
    }
  }
};

const renderConfig = ({ publicUrl, projects, language, contract }: Settings, t: Translate): string => {
  const settings = {
    ...(publicUrl === null ? {} : { server: { public_url: publicUrl } }),
    flows: [
      {
        name: "review",
        ...(projects.length === 0 ? {} : { projects }),
        ...(contract === null ? {} : { contract }),
        language,
      },
    ],
  };
  return `# ${t("init.file.config", { env: ENV_FILE })}\n${stringify(settings)}`;
};

const renderVariables = (variables: Readonly<Record<string, string>>, t: Translate): string => {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quote(name, value)}\n`);
  return `# ${t("init.file.env")}\n${lines.join("")}`;
};

/** A value as `.env` has it: as it is, or in the first kind of quotes that brings it back unchanged. */
const quote = (name: string, value: string): string => {
  const written = ["", "'", "`", '"']
    .map((mark) => `${mark}${value}${mark}`)
    .find((text) => parseEnv(`${name}=${text}\nNEXT=1`)[name] === value);
  if (written === undefined || /[\r\n]/.test(value))
    throw new CommandError(message("init.unquotable", { name, file: ENV_FILE }));
  return written;
};
