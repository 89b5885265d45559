import { z } from "zod";
import { readBoundedText } from "../base/bounded-body.ts";
import { describeError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { Secret } from "../base/secret.ts";
import { isAtLeast, type Role, roleOfLevel } from "../review/commands/may-command.ts";
import { parseBaseUrl } from "./base-url.ts";

/** An application that was made in GitLab, and who may sign in through it. */
export type OAuthOptions = {
  readonly url: string;
  readonly applicationId: string;
  readonly secret: Secret;
  /** The full path of the group whose members may sign in. */
  readonly group: string;
  readonly leastRole: Role;
  /** For all questions of one sign-in together, in milliseconds. */
  readonly timeoutMs: number;
  readonly fetch?: typeof globalThis.fetch;
};

/** How a sign-in at GitLab ended. */
type SignInOutcome =
  | { readonly kind: "welcome" | "refused"; readonly username: string }
  | { readonly kind: "failed"; readonly reason: string };

/** What GitLab sends a browser back with, and what it was sent out with. */
type SignInAnswer = {
  readonly redirectUri: string;
  readonly code: string;
  readonly codeVerifier: string;
};

/** OAuth 2 against GitLab: the authorization code flow with PKCE. */
export type OAuthSignIn = {
  readonly secret: Secret;
  readonly authorizeUrl: (request: {
    readonly redirectUri: string;
    readonly state: string;
    readonly codeChallenge: string;
  }) => string;
  /** Asks GitLab who it is and whether their role is enough. Does not throw. */
  readonly finish: (answer: SignInAnswer) => Promise<SignInOutcome>;
};

const Token = z.object({ access_token: z.string().min(1) });
const User = z.object({ id: z.number(), username: z.string(), state: z.string() });
const Member = z.object({
  access_level: z.number(),
  state: z.string().optional(),
  membership_state: z.string().optional(),
});

const LARGEST_ANSWER = 1_048_576;

type Asked = { readonly status: number; readonly value: unknown };

type Ask = (path: string, init: RequestInit) => Promise<Asked>;

const createAsk =
  (url: string, fetch: typeof globalThis.fetch): Ask =>
  async (path, init) => {
    const response = await fetch(`${url}${path}`, { ...init, redirect: "manual" });
    const text = await readBoundedText(response.body, LARGEST_ANSWER);
    return { status: response.status, value: parseJson(text) };
  };

/** Asks with the user's own token who they are and what they are in the group. */
const checkMembership = async (
  ask: Ask,
  { group, leastRole }: OAuthOptions,
  token: Secret,
  signal: AbortSignal,
): Promise<SignInOutcome> => {
  const init = { headers: { authorization: `Bearer ${token.reveal()}` }, signal };
  const user = User.safeParse((await ask("/api/v4/user", init)).value);
  if (!user.success) return { kind: "failed", reason: "GitLab did not say who signed in" };
  const { id, username, state } = user.data;
  // `all` counts members who inherit their role from a group above.
  const answer = await ask(`/api/v4/groups/${encodeURIComponent(group)}/members/all/${id}`, init);
  if (answer.status === 404 || answer.status === 403) return { kind: "refused", username };
  const member = Member.safeParse(answer.value);
  if (answer.status !== 200 || !member.success)
    return { kind: "failed", reason: `GitLab answered ${answer.status} about the member of ${group}` };
  const { access_level: level, membership_state: membership = "active" } = member.data;
  const isWelcome = state === "active" && membership === "active" && isAtLeast(roleOfLevel(level), leastRole);
  return { kind: isWelcome ? "welcome" : "refused", username };
};

/**
 * Creates the sign-in for a GitLab application with the scope `read_api`. The user's token serves the
 * questions of the sign-in alone and is revoked after them; nothing keeps it.
 *
 * @see https://docs.gitlab.com/api/oauth2/#authorization-code-with-proof-key-for-code-exchange-pkce
 */
export const createOAuthSignIn = (options: OAuthOptions): OAuthSignIn => {
  const { applicationId, secret, timeoutMs } = options;
  const url = parseBaseUrl(options.url);
  const ask = createAsk(url, options.fetch ?? globalThis.fetch);
  const post = (path: string, fields: Record<string, string>, signal: AbortSignal): Promise<Asked> =>
    ask(path, {
      method: "POST",
      body: new URLSearchParams({ client_id: applicationId, client_secret: secret.reveal(), ...fields }),
      signal,
    });
  return {
    secret,
    authorizeUrl: ({ redirectUri, state, codeChallenge }) =>
      `${url}/oauth/authorize?${new URLSearchParams({
        client_id: applicationId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: "read_api",
        state,
        code_challenge: codeChallenge,
        code_challenge_method: "S256",
      }).toString()}`,
    finish: async ({ redirectUri, code, codeVerifier }) => {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const exchanged = await post(
          "/oauth/token",
          {
            grant_type: "authorization_code",
            code,
            redirect_uri: redirectUri,
            code_verifier: codeVerifier,
          },
          signal,
        );
        const token = Token.safeParse(exchanged.value);
        if (!token.success)
          return { kind: "failed", reason: `GitLab gave no token (status ${exchanged.status})` };
        const access = new Secret(token.data.access_token);
        const outcome = await checkMembership(ask, options, access, signal);
        await post("/oauth/revoke", { token: access.reveal() }, signal).catch(() => undefined);
        return outcome;
      } catch (error) {
        return { kind: "failed", reason: `GitLab could not be asked: ${describeError(error)}` };
      }
    },
  };
};
