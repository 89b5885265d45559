import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { createGitLabClient, type GitLabClient } from "../gitlab/client.ts";

/** A GitLab client with what messages call its token. */
export type NamedClient = { readonly client: GitLabClient; readonly tokenName: string };

const FALLBACK = "GITLAB_ADMIN_TOKEN";

/**
 * A client for what needs the role Maintainer: with the token in the named variable, else the one in
 * GITLAB_ADMIN_TOKEN, else the server's own. Throws a ConfigError when there is none.
 */
export const openAdminClient = (
  gitlab: Config["gitlab"],
  options: { readonly environment: Environment; readonly tokenEnv?: string; readonly clock?: Clock },
): NamedClient => {
  const { environment, tokenEnv, clock } = options;
  const named = environment[tokenEnv ?? FALLBACK]?.trim() ?? "";
  if (tokenEnv !== undefined && named === "")
    throw new ConfigError([
      `--token-env ${tokenEnv}: the environment variable ${tokenEnv} is not set; put the access token of a Maintainer into it`,
    ]);
  const tokenName = named === "" ? "GITLAB_TOKEN" : (tokenEnv ?? FALLBACK);
  const token = named === "" ? gitlab.token : new Secret(named);
  if (token === null)
    throw new ConfigError([
      "no token: set GITLAB_ADMIN_TOKEN to an access token with the scope api whose user is a Maintainer",
    ]);
  const client = createGitLabClient({
    url: gitlab.url,
    token,
    tokenName,
    timeoutMs: gitlab.timeoutMs,
    ...(clock === undefined ? {} : { clock }),
  });
  return { client, tokenName };
};
