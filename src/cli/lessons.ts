import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { systemClock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import {
  type LessonsReport,
  LessonsReport as Report,
  toLessonsReport,
} from "../http/api/lesson-api-routes.ts";
import { message } from "../messages/message.ts";
import type { OpenedStore } from "../store/open-store.ts";
import { createConfiguredLessons } from "../wiring/create-lessons.ts";
import type { LessonBook, LessonProject } from "../worker/lessons/lesson-book.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { CommandError } from "./command-error.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { isServerError } from "./server-client.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** What can be done with a project's lessons. */
const LESSONS_ACTIONS = ["show", "edit", "on", "off"] as const;
export type LessonsAction = (typeof LESSONS_ACTIONS)[number];

/** How `lessons` works. */
export type LessonsOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The address of the server; this machine's when left out. */
  readonly server?: string;
  /** The file whose text is put in place, for `edit`; standard input when left out. */
  readonly file?: string;
  /** What is read in place of standard input. */
  readonly input?: () => Promise<string>;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

/**
 * `reviewflow lessons show|edit|on|off PROJECT`: reads or changes what a project's reviews learnt, through
 * the running server or in its store. Returns the exit code.
 */
export const lessons = async (
  action: LessonsAction,
  projectPath: string,
  options: LessonsOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const { config: file, server } = options;
  const t = terminalTexts(options.environment);
  try {
    const { environment = await readServerEnvironment(options) } = options;
    const text = action === "edit" ? await readText(options) : "";
    const config = readConfig(environment, file ?? null);
    const path = `/lessons/${encodeURIComponent(projectPath)}`;
    const report = await askServerOrStore(config, server, {
      server: async ({ get, send }) => {
        if (action === "show") return get(path, Report);
        const change =
          action === "edit" ? { text, version: (await get(path, Report)).version } : { on: action === "on" };
        return send("PUT", path, change, Report);
      },
      store: (store) => changeInStore(store, config, projectPath, action, text),
    });
    const { project, on } = report;
    const saved = (): string => `${t("cli.lessons.saved", { project, on: String(on) })}\n`;
    write(printable(action === "show" ? report.text : saved()));
    if (action === "show" && !on) complain(`${t("lessons.off")}\n`);
    return 0;
  } catch (error) {
    return tellFailure(isServerError(error, "project-unknown") ? unknown(projectPath) : error, complain, t);
  }
};

const readText = async ({ file, input }: LessonsOptions): Promise<string> => {
  if (file === undefined) return input === undefined ? readAll(process.stdin) : input();
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CommandError(message("cli.file-unreadable", { file, problem: describeError(cause) }), {
      cause,
    });
  }
};

const unknown = (project: string): CommandError =>
  new CommandError(message("cli.lessons.unknown", { project }), { code: "project-unknown" });

/** Who a change from the command line is by. */
const BY = "command-line";

const changeInStore = async (
  { lessons: store }: OpenedStore,
  config: Config,
  path: string,
  action: LessonsAction,
  text: string,
): Promise<LessonsReport> => {
  const { book } = createConfiguredLessons(config, { store, clock: systemClock, logger: silentLogger });
  if (book === null) throw new CommandError(message("cli.lessons.disabled"), { code: "lessons-off" });
  const project = await store.findProject(path);
  if (project === null) throw unknown(path);
  return toLessonsReport(await act(book, project, action, text));
};

const act = async (book: LessonBook, project: LessonProject, action: LessonsAction, text: string) => {
  if (action === "show") return book.read(project);
  if (action !== "edit") return book.turn(project, { on: action === "on", by: BY });
  const { version } = await book.read(project);
  const outcome = await book.edit(project, { version, text, by: BY });
  if (outcome === "saved") return book.read(project);
  throw outcome === "too-long"
    ? new CommandError(message("done.lessons-too-long"), { code: "lessons-too-long" })
    : new CommandError(message("cli.lessons.changed"), { code: "lessons-changed" });
};
