import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { startReviewflow } from "../../src/main.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { teamEnvironment } from "../e2e/start.ts";
import { createTeam } from "../e2e/team.ts";

it("a server that others can reach names at its start the setting without which nobody can sign in", async () => {
  await using gitlab = await startGitLabStandIn();
  await using dify = await startDifyStandIn({ apps: [noteApp()] });
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-pages-"));
  const team = await createTeam(gitlab);
  const warningsWith = async (extra: Record<string, string>): Promise<readonly string[]> => {
    const warnings: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: object, message: string) => void warnings.push(message),
      child: () => logger,
    };
    const config = readConfig(
      teamEnvironment(team, dify, folder, { REVIEWFLOW_HOST: "0.0.0.0", ...extra }),
      null,
    );
    await (await startReviewflow(config, { logger }))[Symbol.asyncDispose]();
    return warnings.filter((warning) => warning.includes("REVIEWFLOW_ADMIN_TOKEN"));
  };
  try {
    assert.equal((await warningsWith({})).length, 1);
    assert.equal((await warningsWith({ REVIEWFLOW_HOST: "127.0.0.1" })).length, 0);
    assert.equal((await warningsWith({ REVIEWFLOW_ADMIN_TOKEN: "a".repeat(32) })).length, 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
