import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { createClassicApp } from "../../standins/dify/classic-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { silentLogger } from "../base/logger.ts";
import { type Reviewflow, startReviewflow } from "../main.ts";
import { type DemoTeam, SHOP, startDemoTeam, TUTORIAL } from "./demo-team.ts";
import { tellFindings, tellTutorial } from "./demo-story.ts";
import { readConfig } from "./read-config.ts";

/** How the demo is shown. */
export type DemoOptions = {
  /** Runs the tutorial's flow on a Dify stand-in instead of in this process. */
  readonly dify?: boolean;
};

const API_KEY = "app-demo";

const say = (text: string): void => console.log(text);

/**
 * The main job from end to end, on this machine and without a key: merge requests on a GitLab stand-in
 * (over real git repositories), their webhooks, the flows in this process, and what came of them. With
 * `MODEL_NAME` in the environment the flows ask that model, else one that answers from a script.
 * Everything between the stand-ins is the product as it is.
 */
export const demo = async (options: DemoOptions = {}): Promise<void> => {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-demo-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const model = await startModel(started);
  const dify =
    options.dify === true
      ? started.use(await startDifyStandIn({ apps: [await createClassicApp(API_KEY)] }))
      : null;
  const team = started.use(await startDemoTeam());
  say(
    `Reviewflow demo. GitLab${dify === null ? "" : " and Dify"} ${dify === null ? "is a stand-in" : "are stand-ins"} on this machine; ${model.words}.\n`,
  );
  const secret = randomBytes(16).toString("hex");
  const reviewflow = started.use(await startDemoServer(team, folder, secret, model, dify?.url ?? null));
  await team.addHooks(`${reviewflow.url}/webhooks/gitlab`, secret);
  say(`GitLab at ${team.gitlab.url} sends its merge request events to ${reviewflow.url}/webhooks/gitlab.\n`);
  const stage = { team, store: reviewflow.store, say };
  await tellTutorial(stage, dify === null ? "in this process" : "on Dify (stand-in)");
  await tellFindings(stage, model.isScripted);
  say("\nTo review your own merge requests, see README.md: it takes GitLab's address, a token and a model.");
};

/** The model that the demo's flows ask. */
type DemoModel = {
  readonly words: string;
  readonly isScripted: boolean;
  /** Of the configuration file; empty when the environment names the model. */
  readonly section: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const startModel = async (started: AsyncDisposableStack): Promise<DemoModel> => {
  const { MODEL_PROVIDER, MODEL_NAME, MODEL_BASE_URL, MODEL_API_KEY } = process.env;
  if (MODEL_NAME !== undefined && MODEL_NAME !== "") {
    return {
      words: `the model is ${MODEL_NAME}`,
      isScripted: false,
      section: {},
      environment: { MODEL_PROVIDER, MODEL_NAME, MODEL_BASE_URL, MODEL_API_KEY },
    };
  }
  const standIn = started.use(await startModelStandIn());
  return {
    words:
      "the model is a script that knows a few plain mistakes (set MODEL_NAME and MODEL_API_KEY or MODEL_BASE_URL to ask a real one)",
    isScripted: true,
    section: { models: { scripted: { model: "stand-in", base_url: standIn.url } } },
    environment: {},
  };
};

const startDemoServer = async (
  team: DemoTeam,
  folder: string,
  secret: string,
  model: DemoModel,
  difyUrl: string | null,
): Promise<Reviewflow> => {
  const file = join(folder, "reviewflow.yml");
  const language = process.env["REVIEWFLOW_LANGUAGE"] ?? "English";
  const tutorial =
    difyUrl === null ? { file: "builtin:classic" } : { dify: { url: difyUrl, api_key: API_KEY } };
  await writeFile(
    file,
    stringify({
      server: { port: 0 },
      ...model.section,
      flows: [
        { name: "tutorial", projects: [TUTORIAL], language, ...tutorial },
        { name: "review", projects: [SHOP], language, file: "builtin:review" },
      ],
    }),
  );
  const environment = {
    GITLAB_URL: team.gitlab.url,
    GITLAB_TOKEN: team.token,
    WEBHOOK_SECRET: secret,
    REVIEWFLOW_DATA_DIR: join(folder, "store"),
    ...model.environment,
  };
  return startReviewflow(readConfig(environment, file), { logger: silentLogger });
};
