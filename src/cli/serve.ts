import { once } from "node:events";
import type { Config } from "../config/config.ts";
import type { ServerRole } from "../config/instances-schema.ts";
import { startReviewflow } from "../main.ts";
import { provideAdminToken } from "./admin-token.ts";
import { createLogger } from "./create-logger.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";

/** What the command line says. */
export type ServeOptions = {
  readonly config?: string | null;
  /** Over the configured role. */
  readonly role?: ServerRole;
};

/**
 * Runs the server until it is stopped (SIGINT or SIGTERM). Active runs may finish within the
 * configured grace; what is not finished by then is handed back and taken up at the next start.
 */
export const serve = async (options: ServeOptions): Promise<void> => {
  const configured = await configOf(options);
  const logger = createLogger(configured.log.level);
  const made = await provideAdminToken(configured);
  const config =
    made === null
      ? configured
      : { ...configured, dashboard: { ...configured.dashboard, adminToken: made.token } };
  const running = await startReviewflow(config, { logger });
  if (made !== null) {
    logger.info({ file: made.file }, "The admin token of dashboard and commands is in the data folder");
    // A terminal keeps no log, and whoever sits there may read the file as well.
    if (process.stdout.isTTY) process.stdout.write(`Admin token: ${made.token.reveal()}\n`);
  }
  const signal = await Promise.race([
    once(process, "SIGINT").then(() => "SIGINT"),
    once(process, "SIGTERM").then(() => "SIGTERM"),
  ]);
  logger.info({ signal }, "Reviewflow stops");
  await running[Symbol.asyncDispose]();
  logger.info({}, "Reviewflow has stopped");
};

const configOf = async ({ config: file = null, role }: ServeOptions): Promise<Config> => {
  const config = readConfig(await readServerEnvironment(), file);
  return role === undefined ? config : { ...config, server: { ...config.server, role } };
};
