import { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { createGitLabClient, type GitLabClient, type GitLabClientOptions } from "../gitlab/client.ts";
import { message } from "../messages/message.ts";
import { CommandError } from "./command-error.ts";

/** A GitLab client with what messages call its token. */
export type NamedClient = { readonly client: GitLabClient; readonly tokenName: string };

/** Where the token of a Maintainer may be. */
export type AdminTokenOptions = {
  readonly environment: Environment;
  /** The variable that holds it; it must be set then. */
  readonly tokenEnv?: string;
  /** How the client calls. */
  readonly call?: Pick<GitLabClientOptions, "clock" | "fetch" | "maxAttempts">;
};

const FALLBACK = "GITLAB_ADMIN_TOKEN";

/**
 * A client for what needs the role Maintainer: with the token in the named variable, else the one in
 * GITLAB_ADMIN_TOKEN, else the server's own; null when there is none. Throws a CommandError when the named
 * variable is not set.
 */
export const findAdminClient = (
  gitlab: Config["gitlab"],
  { environment, tokenEnv, call = {} }: AdminTokenOptions,
): NamedClient | null => {
  const text = environment[tokenEnv ?? FALLBACK]?.trim() ?? "";
  if (tokenEnv !== undefined && text === "")
    throw new CommandError(message("cli.token-env-unset", { name: tokenEnv }));
  const tokenName = text === "" ? "GITLAB_TOKEN" : (tokenEnv ?? FALLBACK);
  const token = text === "" ? gitlab.token : new Secret(text);
  if (token === null) return null;
  const { url, timeoutMs } = gitlab;
  return { client: createGitLabClient({ url, token, tokenName, timeoutMs, ...call }), tokenName };
};

/** As `findAdminClient`, but throws a CommandError when there is no token. */
export const openAdminClient = (gitlab: Config["gitlab"], options: AdminTokenOptions): NamedClient => {
  const found = findAdminClient(gitlab, options);
  if (found === null) throw new CommandError(message("cli.no-admin-token"));
  return found;
};
