import { message } from "../messages/message.ts";
import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import type { GitLabClient } from "../gitlab/client.ts";
import { fetchVersion, type GitLabVersion } from "../gitlab/hooks/fetch-version.ts";
import { type Diagnosis, ok, warn } from "./diagnosis.ts";
import { diagnoseClock, diagnoseUnreachable, diagnoseVersion, fixFor } from "./diagnose-gitlab.ts";
import { diagnoseRefusedToken, diagnoseToken } from "./diagnose-token.ts";

/** A client with what its token is called in messages. */
export type NamedClient = { readonly client: GitLabClient; readonly tokenName: string };

/** What GitLab is examined with. */
export type GitLabSubject = {
  /** The server's own token; null where tokens come with the deliveries. */
  readonly service: NamedClient | null;
  /** For hooks, and for everything where there is no token of the server's own. */
  readonly admin: NamedClient | null;
  readonly nowMs: () => number;
  /** How far our clock is ahead of GitLab's; null when it is not known. */
  readonly skewMs: () => number | null;
  /** How far the timestamp of a signed delivery may be off. */
  readonly toleranceMs: number;
};

/** What the other checks need to know of GitLab; null where it cannot be asked anything further. */
export type GitLabSeen = {
  readonly version: GitLabVersion;
  /** The user of the server's token; null without one. */
  readonly user: TokenOwner | null;
};

/** A token as it sees itself. */
export const OwnToken = z.object({ scopes: z.array(z.string()), expires_at: z.string().nullish() });
/** The user of a token. */
export const TokenOwner = z.object({ id: z.int(), username: z.string(), is_admin: z.boolean().nullish() });
type TokenOwner = z.infer<typeof TokenOwner>;

/** Looks at GitLab itself, the token and the clock. Yields what it finds as it finds it. */
export async function* examineGitLab(subject: GitLabSubject): AsyncGenerator<Diagnosis, GitLabSeen | null> {
  const named = subject.service ?? subject.admin;
  if (named === null) {
    yield warn("gitlab-reachable", message("doctor.gitlab.skipped"), message("doctor.gitlab.skipped.fix"));
    return null;
  }
  const { client, tokenName } = named;
  let version: GitLabVersion;
  try {
    version = await fetchVersion(client);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    yield* diagnoseNoVersion(error, subject, client.url, tokenName);
    return null;
  }
  yield ok("gitlab-reachable", message("doctor.gitlab.ok", { url: client.url }));
  yield diagnoseVersion(version);
  yield diagnoseClock(subject.skewMs(), subject.toleranceMs);
  if (subject.service === null) {
    yield ok("token-valid", message("doctor.token.pass-through"));
    return { version, user: null };
  }
  return { version, user: yield* examineToken(subject, subject.service) };
}

/** A refused token is an answer of GitLab, too. */
function* diagnoseNoVersion(
  error: GitLabError,
  subject: GitLabSubject,
  url: string,
  tokenName: string,
): Generator<Diagnosis> {
  if (error.status !== 401 && error.status !== 403) {
    yield diagnoseUnreachable(error);
    return;
  }
  yield ok("gitlab-reachable", message("doctor.gitlab.ok", { url }));
  yield diagnoseClock(subject.skewMs(), subject.toleranceMs);
  yield diagnoseRefusedToken(tokenName, error.what);
}

async function* examineToken(
  { nowMs }: GitLabSubject,
  { client, tokenName }: NamedClient,
): AsyncGenerator<Diagnosis, TokenOwner | null> {
  let user: TokenOwner | null = null;
  try {
    user = await client.json({ route: "/user" }, TokenOwner);
    yield ok("bot-user", message("doctor.token.user", { username: user.username }));
    const token = await client.json({ route: "/personal_access_tokens/self" }, OwnToken);
    yield* diagnoseToken({
      tokenName,
      scopes: token.scopes,
      expiresAt: token.expires_at ?? null,
      username: user.username,
      nowMs: nowMs(),
    });
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    yield error.status === 401 || error.status === 403
      ? diagnoseRefusedToken(tokenName, error.what)
      : warn("token-valid", error.what, fixFor(error));
  }
  return user;
}
