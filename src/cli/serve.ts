import { once } from "node:events";
import type { ServerRole } from "../config/instances-schema.ts";
import { startReviewflow } from "../main.ts";
import { createLogger } from "./create-logger.ts";
import { readConfig } from "./read-config.ts";

/** What the command line says. */
export type ServeOptions = {
  readonly config?: string | null;
  /** Over the configured role. */
  readonly role?: ServerRole;
};

/**
 * Runs the server until it is told to end (SIGINT or SIGTERM). Active runs may finish within the
 * configured grace; what is not finished by then is handed back and taken up at the next start.
 */
export const serve = async ({ config: file = null, role }: ServeOptions): Promise<void> => {
  const configured = readConfig(process.env, file);
  const config = role === undefined ? configured : { ...configured, server: { ...configured.server, role } };
  const logger = createLogger(config.log.level);
  const running = await startReviewflow(config, { logger });
  const signal = await Promise.race([
    once(process, "SIGINT").then(() => "SIGINT"),
    once(process, "SIGTERM").then(() => "SIGTERM"),
  ]);
  logger.info({ signal }, "Reviewflow stops");
  await running[Symbol.asyncDispose]();
  logger.info({}, "Reviewflow has stopped");
};
