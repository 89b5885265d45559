import { setFlagsFromString } from "node:v8";
import packageJson from "../../package.json" with { type: "json" };
import type { Environment } from "../config/environment.ts";
import type { Config } from "../config/config.ts";
import type { ServerRole } from "../config/instances-schema.ts";
import { secretsIn } from "../base/mask-values.ts";
import { startReviewflow } from "../main.ts";
import { provideAdminToken } from "./admin-token.ts";
import { createLogger } from "./create-logger.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { terminalTexts } from "./terminal.ts";
import { untilStopped } from "./until-stopped.ts";

/** What the command line says. */
export type ServeOptions = {
  readonly config?: string | null;
  /** Over the configured role. */
  readonly role?: ServerRole;
  /** Over the configured port. */
  readonly port?: number;
  /** Whether what is around the server is looked at only; it does not start. */
  readonly check?: boolean;
};

/**
 * Runs the server until it is stopped (SIGINT or SIGTERM), also while it starts. Active runs may finish within the
 * configured grace; what is not finished by then is handed back and taken up at the next start. Throws StoreError
 * `store-too-new` after it has stopped because a newer version shares its store.
 */
export const serve = async (options: ServeOptions): Promise<void> => {
  const environment = await readServerEnvironment();
  const configured = configOf(options, environment);
  if (options.check === true) {
    const { checkStart } = await import("./start-report.ts");
    process.exitCode = await checkStart(configured, environment);
    return;
  }
  const isTerminal = process.stdout.isTTY;
  const logger = createLogger(configured.log.level, isTerminal, secretsIn(configured));
  const stopped = untilStopped(["SIGINT", "SIGTERM"]);
  let isStarting = true;
  // A start that does not come to its end is left half done; the next one takes it up, as after a crash.
  const giveUp = (): unknown => isStarting && process.exit(1);
  void stopped.then(() => setTimeout(giveUp, configured.worker.stopGraceMs).unref());
  logger.info({ version: packageJson.version }, "Reviewflow starts");
  const made = await provideAdminToken(configured);
  const config =
    made === null
      ? configured
      : { ...configured, dashboard: { ...configured.dashboard, adminToken: made.token } };
  const running = await startReviewflow(config, { logger });
  isStarting = false;
  // The heap of new objects was kept small for the start (create-program.ts); from now on it grows with the work.
  setFlagsFromString("--semi-space-growth-factor=2");
  if (made !== null) {
    logger.info({ file: made.file }, "The admin token of dashboard and commands is in the data folder");
    // A terminal keeps no log, and whoever sits there may read the file as well.
    if (isTerminal)
      process.stdout.write(`${terminalTexts()("cli.serve.admin-token", { token: made.token.reveal() })}\n`);
  }
  void import("./start-report.ts").then(({ reportStart }) => reportStart(config, running.runners, logger));
  const end = await Promise.race([stopped, running.outdated]);
  logger.info(end instanceof Error ? { reason: end.message } : { signal: end }, "Reviewflow stops");
  await running[Symbol.asyncDispose]();
  logger.info({}, "Reviewflow has stopped");
  if (end instanceof Error) throw end;
};

const configOf = ({ config: file = null, role, port }: ServeOptions, environment: Environment): Config => {
  const config = readConfig(environment, file);
  const given = { ...(role === undefined ? {} : { role }), ...(port === undefined ? {} : { port }) };
  return { ...config, server: { ...config.server, ...given } };
};
