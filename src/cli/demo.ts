import { ConfigError } from "../base/errors.ts";
import { createDesk } from "./demo/desk.ts";
import { openBrowser } from "./demo/open-browser.ts";
import { createPage } from "./demo/page/create-page.ts";
import { pathOf } from "./demo/page/page-model.ts";
import { textsOf } from "./demo/page/texts/choose-texts.ts";
import { type Demo, startDemo } from "./demo/start-demo.ts";
import { tellFindings, tellTutorial } from "./demo/story.ts";
import { requireGit } from "./review/git.ts";
import { untilStopped } from "./until-stopped.ts";

/** How the demo is shown, as the command line says it. */
export type DemoOptions = {
  /** Runs the tutorial's flow on a Dify stand-in instead of in this process. */
  readonly dify?: boolean;
  /** Prints the story and ends, also at a terminal. */
  readonly story?: boolean;
  /** Shows the page, also without a terminal. */
  readonly page?: boolean;
  /** The port of the page; a free one when left out. */
  readonly port?: number;
  /** False keeps the browser from being opened. */
  readonly open?: boolean;
};

const say = (text: string): void => console.log(text);

/**
 * The main job from end to end, on this machine and without a key: merge requests on a GitLab stand-in
 * (over real git repositories), their webhooks, the flows in this process, and what came of them. At a
 * terminal as a page that somebody can act on, until Ctrl-C; elsewhere as a story that ends. With
 * `MODEL_NAME` in the environment the flows ask that model, else one that answers from a script.
 * Everything between the stand-ins is the product as it is.
 */
export const demo = async (options: DemoOptions = {}): Promise<void> => {
  if (options.story === true && options.page === true)
    throw new ConfigError(["choose one of --story and --page"], { code: "usage-invalid" });
  await requireGit();
  const isAttended = process.stdout.isTTY && (process.env["CI"] ?? "") === "";
  await ((options.page ?? (isAttended && options.story !== true)) ? showPage(options) : tellStory(options));
};

const introduce = ({ modelName, notices }: Demo, dify: boolean): void => {
  const outside = dify ? "GitLab and Dify are stand-ins" : "GitLab is a stand-in";
  const model =
    modelName === null
      ? "the model is a script that knows a few plain mistakes (set MODEL_NAME and MODEL_API_KEY or MODEL_BASE_URL to ask a real one)"
      : `the model is ${modelName}`;
  say(`Reviewflow demo. ${outside} on this machine; ${model}.\n`);
  for (const notice of notices) say(`${notice}\n`);
};

const tellStory = async ({ dify = false, port = 0 }: DemoOptions): Promise<void> => {
  const language = process.env["REVIEWFLOW_LANGUAGE"] ?? "English";
  const events = "merge-requests";
  await using running = await startDemo({
    dify,
    port,
    events,
    language,
    environment: process.env,
  });
  const { team, reviewflow, modelName, where } = running;
  introduce(running, dify);
  say(`GitLab at ${team.gitlab.url} sends its merge request events to ${reviewflow.url}/webhooks/gitlab.\n`);
  const stage = { team, store: reviewflow.store, say };
  await tellTutorial(stage, where);
  await tellFindings(stage, modelName === null);
  say("\nTo review your own merge requests, run: npx reviewflow init");
};

/** The language of reviews: what is set, else that of the terminal, else English. */
const languageOf = ({ REVIEWFLOW_LANGUAGE, LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): string =>
  REVIEWFLOW_LANGUAGE ?? textsOf(LC_ALL || LC_MESSAGES || LANG || "")?.asked ?? "English";

const showPage = async ({ dify = false, port = 0, open = true }: DemoOptions): Promise<void> => {
  const stop = untilStopped(["SIGINT", "SIGTERM", "SIGHUP"]);
  say("Starting ...");
  const language = languageOf(process.env);
  const events = "conversation";
  await using running = await startDemo({
    dify,
    port,
    events,
    language,
    environment: process.env,
  });
  introduce(running, dify);
  const { url, dashboardUrl } = await openPage(running);
  say(`  The merge request, as GitLab shows it   ${url}`);
  say(`  The dashboard of Reviewflow             ${dashboardUrl}\n`);
  say("Both are open on this machine alone. Ctrl-C ends the demo and leaves nothing behind.");
  if (open) openBrowser(url);
  await stop;
  say("\nThe demo ends. To review your own merge requests, run: npx reviewflow init");
};

/** Shows the page at the address of the GitLab stand-in, with a first merge request; where it is. */
export const openPage = async ({
  team,
  reviewflow,
  modelName,
}: Demo): Promise<{ readonly url: string; readonly dashboardUrl: string }> => {
  const desk = createDesk(team);
  const dashboardUrl = `${reviewflow.url}/dashboard`;
  team.gitlab.showPages(createPage({ team, desk, store: reviewflow.store, dashboardUrl, modelName }));
  return { url: `${team.gitlab.url}${pathOf(await desk.openNext())}`, dashboardUrl };
};
