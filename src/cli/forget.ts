import type { Environment } from "../config/environment.ts";
import { ForgottenReport } from "../http/api/project-routes.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { isServerError } from "./server-client.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** How `forget` finds the store. */
export type ForgetOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The address of the server; this machine's when left out. */
  readonly server?: string;
  /** Nothing is deleted without it. */
  readonly yes?: boolean;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

/** Reviews that are under way get some time to stop, and a large project takes its time, too. */
const TIMEOUT_MS = 300_000;

type Forgotten = Omit<ForgottenReport, "projectIds"> & { readonly projectIds: readonly number[] };

/**
 * `reviewflow forget PROJECT --yes`: deletes all that is stored of a project. Returns the exit code: 1 when
 * nothing is known of it, when nobody can be asked, or without `--yes`.
 */
export const forget = async (project: string, options: ForgetOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const t = terminalTexts(options.environment);
  if (options.yes !== true) {
    complain(printable(`${t("cli.forget.confirm", { project })}\n`));
    return 1;
  }
  try {
    const forgotten = await forgetIn(project, options);
    if (forgotten === null) {
      complain(printable(`${t("cli.forget.unknown", { project })}\n`));
      return 1;
    }
    const { deliveries, runs } = forgotten;
    write(printable(`${t("cli.forget.done", { project, deliveries, runs })}\n`));
    return 0;
  } catch (error) {
    return tellFailure(error, complain, t);
  }
};

const forgetIn = async (project: string, options: ForgetOptions): Promise<Forgotten | null> => {
  const { config: file, server, environment = await readServerEnvironment(options) } = options;
  const config = readConfig(environment, file ?? null);
  return askServerOrStore<Forgotten | null>(
    config,
    server,
    {
      server: async (client) => {
        try {
          return await client.send("DELETE", `/projects/${encodeURIComponent(project)}`, {}, ForgottenReport);
        } catch (error) {
          if (isServerError(error, "project-unknown")) return null;
          throw error;
        }
      },
      store: ({ forgetProject }) => forgetProject(project),
    },
    TIMEOUT_MS,
  );
};
