import { z } from "zod";
import { type HookAction, type HookOptions, runHook } from "../../src/cli/hook.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { Project, User } from "../../standins/gitlab/state.ts";
import type { StandInOptions } from "../../standins/gitlab/world.ts";
import { startReceiver } from "../standins/gitlab/receiver.ts";
import { callAs, type Call } from "../standins/gitlab/setup.ts";
import { recordedTerminal } from "./recorded-terminal.ts";

/** The webhook secret and the signing token of the tests; they must show up in no output. */
export const SECRET = "hook-secret-to-look-for";
export const SIGNING_TOKEN = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

const Hooks = z.array(z.looseObject({ id: z.number(), url: z.string() }));

/** A group with a subgroup, an archived project, and a server that its hooks can call. */
export type HookWorld = AsyncDisposable & {
  readonly gitlab: GitLabStandIn;
  readonly owner: User;
  readonly shop: Project;
  readonly api: Project;
  readonly admin: Call;
  readonly receiver: Awaited<ReturnType<typeof startReceiver>>;
  /** The address that hooks are to call. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly hooksOf: (project: Project) => Promise<z.infer<typeof Hooks>>;
  readonly run: (
    action: HookAction,
    names: readonly string[],
    options?: HookOptions,
  ) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
};

/** Builds that world. The secrets are looked for in everything that a command prints. */
export const openHookWorld = async (options: StandInOptions = {}): Promise<HookWorld> => {
  const gitlab = await startGitLabStandIn(options);
  const receiver = await startReceiver();
  const owner = gitlab.createUser({ username: "owner" });
  const create = (path: string): Promise<Project> =>
    gitlab.createProject({ path, owner, files: { "a.txt": "a\n" } });
  const shop = await create("team/shop");
  const api = await create("team/backend/api");
  const old = await create("team/old");
  old.archived = true;
  const adminToken = gitlab.createPersonalToken(owner);
  const bot = gitlab.createProjectToken(shop, { role: "developer" });
  const admin = callAs(gitlab, adminToken);
  const url = receiver.url.replace(/\/hook$/, "/webhooks/gitlab");
  const environment = {
    GITLAB_URL: gitlab.url,
    GITLAB_TOKEN: bot.token,
    GITLAB_ADMIN_TOKEN: adminToken,
    WEBHOOK_SECRET: SECRET,
    DIFY_URL: "http://127.0.0.1:9",
    DIFY_API_KEY: "app-key-to-look-for",
  };
  return {
    gitlab,
    owner,
    shop,
    api,
    admin,
    receiver,
    url,
    environment,
    hooksOf: async (project) => Hooks.parse((await admin("GET", `projects/${project.id}/hooks`)).body),
    run: async (action, names, given = {}) => {
      const terminal = recordedTerminal();
      const code = await runHook(action, names, { environment, url, ...terminal, ...given });
      const text = terminal.out() + terminal.err();
      for (const secret of [SECRET, SIGNING_TOKEN, adminToken, bot.token, environment.DIFY_API_KEY])
        if (text.includes(secret)) throw new Error("a secret was printed");
      return { code, out: terminal.out(), err: terminal.err() };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([gitlab.close(), receiver.close()]);
    },
  };
};
