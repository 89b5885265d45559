import type { Message } from "../../messages/message.ts";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { createClassicApp } from "../../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../../standins/dify/dify-stand-in.ts";
import { startModelStandIn } from "../../../standins/model/model-stand-in.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Config } from "../../config/config.ts";
import { type Reviewflow, startReviewflow } from "../../main.ts";
import { readConfig } from "../read-config.ts";
import { SHOP, TUTORIAL } from "./changes.ts";
import { type DemoTeam, startDemoTeam } from "./team.ts";

/** How the demo is set up. */
export type StartDemoOptions = {
  /** Runs the tutorial's flow on a Dify stand-in instead of in this process. */
  readonly dify: boolean;
  /** The port of the GitLab stand-in; 0 for a free one. */
  readonly port: number;
  /** Whether GitLab also tells of notes and thumbs. */
  readonly events: "merge-requests" | "conversation";
  /** What flows are asked to write in. */
  readonly language: string;
  /** Where MODEL_NAME and what belongs to it are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Everything of the demo, running. */
export type Demo = AsyncDisposable & {
  readonly team: DemoTeam;
  readonly reviewflow: Reviewflow;
  /** The model that the environment names; null for the script. */
  readonly modelName: string | null;
  /** What was assumed about the model, in sentences. */
  readonly notices: readonly Message[];
  /** Where the tutorial's flow runs. */
  readonly where: "here" | "on-dify";
};

const API_KEY = "app-demo";

/**
 * Starts a GitLab stand-in, perhaps one for Dify, a scripted model unless the environment names one, and
 * Reviewflow between them, all on this machine.
 */
export const startDemo = async (options: StartDemoOptions): Promise<Demo> => {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-demo-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const model = await chooseModel(started, options.environment);
  const dify = options.dify
    ? started.use(await startDifyStandIn({ apps: [await createClassicApp(API_KEY)] }))
    : null;
  const team = started.use(await startDemoTeam(options.port));
  const secret = randomBytes(16).toString("hex");
  const place = { folder, secret, language: options.language, difyUrl: dify?.url ?? null };
  const config = await writeConfig(team, model, place);
  const reviewflow = started.use(await startReviewflow(config, { logger: silentLogger }));
  await team.addHooks(`${reviewflow.url}/webhooks/gitlab`, secret, options.events);
  const running = started.move();
  return {
    team,
    reviewflow,
    modelName: model.name,
    notices: config.notices,
    where: dify === null ? "here" : "on-dify",
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** The model that the demo's flows ask. */
type DemoModel = {
  /** Null for the script. */
  readonly name: string | null;
  /** Of the configuration file; empty when the environment names the model. */
  readonly section: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const chooseModel = async (
  started: AsyncDisposableStack,
  environment: StartDemoOptions["environment"],
): Promise<DemoModel> => {
  const { MODEL_NAME } = environment;
  if (MODEL_NAME !== undefined && MODEL_NAME !== "") {
    const ofModel = Object.entries(environment).filter(([name]) => name.startsWith("MODEL_"));
    return { name: MODEL_NAME, section: {}, environment: Object.fromEntries(ofModel) };
  }
  const standIn = started.use(await startModelStandIn());
  const section = { models: { scripted: { model: "stand-in", base_url: standIn.url } } };
  return { name: null, section, environment: {} };
};

const writeConfig = async (
  team: DemoTeam,
  model: DemoModel,
  {
    folder,
    secret,
    language,
    difyUrl,
  }: {
    readonly folder: string;
    readonly secret: string;
    readonly language: string;
    readonly difyUrl: string | null;
  },
): Promise<Config> => {
  const file = join(folder, "reviewflow.yml");
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
  return readConfig(environment, file);
};
