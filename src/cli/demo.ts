import { languageOfTerminal } from "../messages/choose-language.ts";
import type { Translate } from "../messages/format-message.ts";
import { englishName } from "../messages/language.ts";
import { message } from "../messages/message.ts";
import { CommandError } from "./command-error.ts";
import { createDesk } from "./demo/desk.ts";
import { openBrowser } from "./demo/open-browser.ts";
import { createPage } from "./demo/page/create-page.ts";
import { pathOf } from "./demo/page/page-model.ts";
import { type Demo, startDemo } from "./demo/start-demo.ts";
import { tellFindings, tellTutorial } from "./demo/story.ts";
import { requireGit } from "./review/git.ts";
import { untilStopped } from "./until-stopped.ts";
import { commandName, terminalTexts } from "./terminal.ts";

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
    throw new CommandError(message("cli.demo.story-or-page"));
  await requireGit();
  const isAttended = process.stdout.isTTY && (process.env["CI"] ?? "") === "";
  await ((options.page ?? (isAttended && options.story !== true)) ? showPage(options) : tellStory(options));
};

const introduce = (t: Translate, { modelName, notices }: Demo, dify: boolean): void => {
  const model = modelName === null ? t("demo.story.script") : t("demo.story.model", { name: modelName });
  say(`${t("demo.story.head", { outside: dify ? "both" : "gitlab", model })}\n`);
  for (const notice of notices) say(`${t.message(notice)}\n`);
};

const tellStory = async ({ dify = false, port = 0 }: DemoOptions): Promise<void> => {
  const t = terminalTexts();
  const language = languageOf(process.env);
  const events = "merge-requests";
  await using running = await startDemo({
    dify,
    port,
    events,
    language,
    environment: process.env,
  });
  const { team, reviewflow, modelName, where } = running;
  introduce(t, running, dify);
  const addresses = { gitlab: team.gitlab.url, webhook: `${reviewflow.url}/webhooks/gitlab` };
  say(`${t("demo.story.gitlab", addresses)}\n`);
  const stage = { team, store: reviewflow.store, say, t, isScripted: modelName === null };
  await tellTutorial(stage, t(`demo.story.${where}`));
  await tellFindings(stage);
  say(`\n${t("demo.story.next", { command: commandName(process.env) })}`);
};

/** The language of reviews: what is set, else that of the terminal, else English. */
const languageOf = (environment: NodeJS.ProcessEnv): string =>
  environment["REVIEWFLOW_LANGUAGE"] ?? englishName(languageOfTerminal(environment));

const showPage = async ({ dify = false, port = 0, open = true }: DemoOptions): Promise<void> => {
  const stop = untilStopped(["SIGINT", "SIGTERM", "SIGHUP"]);
  const t = terminalTexts();
  say(t("demo.starting"));
  const language = languageOf(process.env);
  const events = "conversation";
  await using running = await startDemo({
    dify,
    port,
    events,
    language,
    environment: process.env,
  });
  introduce(t, running, dify);
  const { url, dashboardUrl } = await openPage(running);
  say(`  ${t("demo.address.merge-request", { url })}`);
  say(`  ${t("demo.address.dashboard", { url: dashboardUrl })}\n`);
  say(t("demo.ends-with"));
  if (open) openBrowser(url);
  await stop;
  say(`\n${t("demo.ended-next", { command: commandName(process.env) })}`);
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
