import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseJson } from "../../base/json.ts";
import { describeError } from "../../base/errors.ts";
import { readAacrBench } from "../../eval/formats/aacr-bench.ts";
import type { ForeignSet } from "../../eval/formats/foreign-case.ts";
import { readMartian } from "../../eval/formats/martian.ts";
import { writeCase } from "../../eval/set/write-case.ts";
import { message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";
import { safeLine, safeText } from "../review/safe-text.ts";
import { failureText, processTerminal, type Terminal, terminalTexts } from "../terminal.ts";
import { type Fetch, findPatch } from "./find-patch.ts";

/** The public formats that are read. */
const IMPORTERS = {
  "aacr-bench": readAacrBench,
  martian: readMartian,
} as const satisfies Readonly<Record<string, (tree: unknown) => ForeignSet>>;

/** Where the diffs of a public set are; every text as the command line has it. */
export type ImportOptions = Partial<Terminal> & {
  readonly diffs?: string;
  readonly repositories?: string;
  readonly download?: boolean;
  readonly folder?: string;
  /** For tests. */
  readonly fetch?: Fetch;
};

const isFormat = (name: string): name is keyof typeof IMPORTERS => Object.hasOwn(IMPORTERS, name);

/**
 * `reviewflow eval import FORMAT SOURCE SET`: makes cases of a public set. Returns the exit code: 1 when a
 * case has no diff, 2 when it could not be done, else 0.
 */
export const runImport = async (
  format: string,
  source: string,
  set: string,
  options: ImportOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const { folder = process.cwd(), fetch = (url: string) => globalThis.fetch(url) } = options;
  const at = (path: string | undefined): string | null => (path === undefined ? null : resolve(folder, path));
  const t = terminalTexts();
  try {
    if (!isFormat(format))
      throw new CommandError(message("cli.eval.format", { formats: Object.keys(IMPORTERS), format }));
    const places = {
      diffs: at(options.diffs),
      repositories: at(options.repositories),
      download: options.download ?? false,
    };
    const counts = { written: 0, present: 0, missing: 0 };
    for (const tree of await readTrees(resolve(folder, source))) {
      const { cases, notices } = IMPORTERS[format](tree);
      for (const notice of notices) complain(`${safeLine(terminalTexts().message(notice))}\n`);
      for (const found of cases) {
        const reading = await findPatch(found, places, fetch);
        if ("missing" in reading) {
          counts.missing += 1;
          const problem = t.message(reading.missing);
          complain(`${safeLine(t("cli.eval.case", { name: found.name, problem }))}\n`);
        } else counts[await writeCase(resolve(folder, set), { ...found, patch: reading.patch })] += 1;
      }
    }
    write(`${t("cli.eval.imported", counts)}\n`);
    return counts.missing > 0 ? 1 : 0;
  } catch (error) {
    complain(`${safeText(failureText(t, error))}\n`);
    return 2;
  }
};

/** The JSON of a file, or of every .json file of a folder. */
const readTrees = async (source: string): Promise<readonly unknown[]> => {
  try {
    const isFolder = (await stat(source)).isDirectory();
    const names = isFolder ? (await readdir(source)).filter((name) => name.endsWith(".json")).sort() : [];
    const files = isFolder ? names.map((name) => join(source, name)) : [source];
    return await Promise.all(
      files.map(async (file) => {
        const tree = parseJson((await readFile(file, "utf8")).replace(/^\uFEFF/, ""));
        if (tree === undefined) throw new CommandError(message("cli.eval.not-json", { file }));
        return tree;
      }),
    );
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const problem = { file: source, problem: describeError(cause) };
    throw new CommandError(message("cli.file-unreadable", problem), { cause });
  }
};
