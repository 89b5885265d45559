import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import type { DifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { Team } from "./team.ts";

/** The webhook secret of the tests. */
export const SECRET = "e2e-webhook-secret";

/** The environment that a team with GitLab and Dify sets; `extra` adds to it or takes from it (undefined). */
export const teamEnvironment = (
  team: Team,
  dify: DifyStandIn,
  folder: string,
  extra: Readonly<Record<string, string | undefined>> = {},
): Record<string, string | undefined> => ({
  GITLAB_URL: team.gitlab.url,
  GITLAB_TOKEN: team.token,
  WEBHOOK_SECRET: SECRET,
  DIFY_URL: dify.url,
  DIFY_API_KEY: "app-note",
  REVIEWFLOW_CONTRACT: "note",
  REVIEWFLOW_DATA_DIR: folder,
  REVIEWFLOW_PORT: "0",
  REVIEWFLOW_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
  ...extra,
});

/** Starts Reviewflow in this process, as the command line would, in a folder of its own. */
export const startForTeam = async (
  team: Team,
  dify: DifyStandIn,
  extra: Readonly<Record<string, string | undefined>> = {},
): Promise<Reviewflow & { readonly folder: string }> => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-e2e-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const config = readConfig(teamEnvironment(team, dify, folder, extra), null);
  const running = stack.use(await startReviewflow(config, { logger: silentLogger }));
  const owned = stack.move();
  return { ...running, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};
