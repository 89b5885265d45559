import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { type Reviewflow, type StartOptions, startReviewflow } from "../../src/main.ts";
import type { ModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET } from "./start.ts";
import type { Team } from "./team.ts";

/** A folder with a configuration that needs no Dify. */
export type EmbeddedSetup = AsyncDisposable & {
  readonly folder: string;
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** Writes the configuration of a team with a model; `more` is added to the file. */
export const setUpEmbedded = async (
  team: Team,
  model: ModelStandIn,
  more: Readonly<Record<string, unknown>> = {},
): Promise<EmbeddedSetup> => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-embedded-"));
  const configFile = join(folder, "reviewflow.yml");
  const file = {
    server: { port: 0 },
    models: { main: { model: "stand-in", base_url: model.url } },
    flows: [{ name: "tutorial", file: "builtin:classic", language: "English" }],
    ...more,
  };
  await writeFile(configFile, stringify(file));

  return {
    folder,
    configFile,
    environment: {
      GITLAB_URL: team.gitlab.url,
      GITLAB_TOKEN: team.token,
      WEBHOOK_SECRET: SECRET,
      REVIEWFLOW_DATA_DIR: join(folder, "store"),
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
};

/** Starts Reviewflow in this process with that configuration. */
export const startEmbedded = (
  setup: EmbeddedSetup,
  options: Partial<StartOptions> = {},
): Promise<Reviewflow> =>
  startReviewflow(readConfig(setup.environment, setup.configFile), { logger: silentLogger, ...options });
