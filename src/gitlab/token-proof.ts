import { createHmac, randomBytes } from "node:crypto";
import { ConfigError, GitLabError, describeError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { parseBaseUrl } from "./base-url.ts";
import { type GitLabClientOptions, createGitLabClient } from "./client.ts";
import { Project } from "./rest-schema.ts";

/** What GitLab says about a token that came with a delivery. */
export type TokenProof =
  | { readonly kind: "proved"; readonly projectPath: string }
  /** GitLab does not take the token, or its owner has no say in the project. */
  | { readonly kind: "refused"; readonly message: string }
  /** GitLab could not be asked; the token is neither good nor bad. */
  | { readonly kind: "unavailable"; readonly message: string };

/** Proves that a token may speak for a project. Never throws for what GitLab says or fails to say. */
export type ProveToken = (token: Secret, projectId: number) => Promise<TokenProof>;

/** How tokens are proved. Times are in milliseconds. */
export type TokenProofOptions = Omit<GitLabClientOptions, "token" | "tokenName" | "maxAttempts"> & {
  /** How long a proof holds; 60,000 when left out. */
  readonly provedForMs?: number;
  /** How long a refusal holds; 10,000 when left out. */
  readonly refusedForMs?: number;
  /** The most answers that are remembered; 1,000 when left out. */
  readonly maxRemembered?: number;
  /** The most questions to GitLab under way at once; beyond it tokens are `unavailable`. 16 when left out. */
  readonly maxConcurrent?: number;
};

/** The longest that a delivery waits for its proof: GitLab gives up on a webhook after 10 s. */
const TIMEOUT_MS = 5_000;

/** The role from which on a user belongs to a project's work: Reporter. */
const REPORTER = 20;

/**
 * Creates the proof of passed-through tokens: `GET /projects/:id` with the token. Seeing a private project
 * is proof; a public or internal one is seen by everybody, there the token's owner must be a member
 * (Reporter or higher). Answers are remembered briefly, under a keyed hash and never under the token;
 * questions about one token that come at once are asked once. Throws ConfigError for an unusable address.
 *
 * @see https://docs.gitlab.com/api/projects/#get-a-single-project
 */
export const createTokenProof = (options: TokenProofOptions): ProveToken => {
  const { provedForMs = 60_000, refusedForMs = 10_000, maxRemembered = 1_000, maxConcurrent = 16 } = options;
  parseBaseUrl(options.url);
  const now = options.clock?.now ?? Date.now;
  const hashKey = randomBytes(32);
  const remembered = new Map<string, { readonly proof: TokenProof; readonly untilMs: number }>();
  const underWay = new Map<string, Promise<TokenProof>>();

  const remember = (key: string, proof: TokenProof): void => {
    if (proof.kind === "unavailable") return;
    const oldest = remembered.keys().next();
    if (remembered.size >= maxRemembered && !oldest.done) remembered.delete(oldest.value);
    remembered.set(key, { proof, untilMs: now() + (proof.kind === "proved" ? provedForMs : refusedForMs) });
  };

  const ask = async (key: string, token: Secret, projectId: number): Promise<TokenProof> => {
    try {
      const proof = await askGitLab(options, token, projectId);
      remember(key, proof);
      return proof;
    } finally {
      underWay.delete(key);
    }
  };

  return async (token, projectId) => {
    const key = createHmac("sha256", hashKey).update(`${projectId} ${token.reveal()}`).digest("base64");
    const known = remembered.get(key);
    if (known !== undefined && known.untilMs > now()) return known.proof;
    remembered.delete(key);
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    if (underWay.size >= maxConcurrent)
      return { kind: "unavailable", message: "Too many tokens are being proved at once" };
    const asking = ask(key, token, projectId);
    underWay.set(key, asking);
    return asking;
  };
};

const REFUSALS = new Set(["gitlab-unauthorized", "gitlab-forbidden", "gitlab-not-found"]);

/** The address is checked before, so that a ConfigError means a token that no header could carry. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ConfigError || (error instanceof GitLabError && REFUSALS.has(error.code));

const askGitLab = async (
  options: TokenProofOptions,
  token: Secret,
  projectId: number,
): Promise<TokenProof> => {
  try {
    const client = createGitLabClient({
      ...options,
      token,
      tokenName: "the hook's secret token",
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxAttempts: 1,
    });
    const project = await client.json({ route: "/projects/:id", params: { id: projectId } }, Project);
    if (mayWork(project)) return { kind: "proved", projectPath: project.path_with_namespace };
    return {
      kind: "refused",
      message: `The owner of the hook's secret token is no member of ${project.path_with_namespace}: use an access token of that project with the role Developer and the scope api`,
    };
  } catch (error) {
    return { kind: isRefusal(error) ? "refused" : "unavailable", message: describeError(error) };
  }
};

const mayWork = ({ visibility, permissions }: Project): boolean => {
  if (visibility === "private") return true;
  const levels = [permissions?.project_access?.access_level, permissions?.group_access?.access_level];
  return levels.some((level) => level !== undefined && level >= REPORTER);
};
