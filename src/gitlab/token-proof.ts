import { ConfigError, GitLabError, describeError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { isAtLeast, roleOfLevel } from "../review/commands/may-command.ts";
import type { ProvenTokens } from "../review/proven-tokens.ts";
import { parseBaseUrl } from "./base-url.ts";
import { type GitLabClientOptions, createGitLabClient } from "./client.ts";
import { isBotOf, TokenUser } from "./access-token-bot.ts";
import { createExpiringMap } from "./expiring-map.ts";
import { Project } from "./rest-schema.ts";

/** What GitLab says about a token that came with a delivery. */
type TokenProof =
  | { readonly kind: "proved"; readonly projectPath: string }
  /**
   * GitLab does not take the token or its owner has no say in the project (`token-wrong`), or it is a person's or
   * belongs to another project (`token-not-of-project`).
   */
  | {
      readonly kind: "refused";
      readonly code: "token-wrong";
      readonly message: string;
    }
  | {
      readonly kind: "refused";
      readonly code: "token-not-of-project";
      readonly message: string;
      /** What GitLab calls the project. */
      readonly projectPath: string;
    }
  /** GitLab could not be asked; the token is neither good nor bad. */
  | { readonly kind: "unavailable"; readonly message: string }
  /** So many tokens from this address were refused that GitLab is not asked about another one. */
  | { readonly kind: "held"; readonly message: string };

/** Proves that tokens may speak for projects. */
export type TokenProofs = {
  /** `client` is the address that the token came from. Never throws for what GitLab says or fails to say. */
  readonly prove: (token: Secret, projectId: number, client: string) => Promise<TokenProof>;
  /** Whether a token was proved before, for whichever project; see ProvenTokens. */
  readonly isKnown: (token: Secret) => boolean;
  /** Whether so many tokens from an address were refused that a token nobody knows would not be asked about now. */
  readonly isHeld: (client: string) => boolean;
};

/** How tokens are proved. Times are in milliseconds. */
export type TokenProofOptions = Omit<GitLabClientOptions, "token" | "tokenName" | "maxAttempts"> & {
  /** Tokens that were proved before, also before a restart or by another instance. */
  readonly known: ProvenTokens;
  /** People and other bots whose own tokens count, too: ids, or names without regard to case; none when left out. */
  readonly users?: readonly (number | string)[];
  /** How long a proof holds; 60,000 when left out. */
  readonly provedForMs?: number;
  /** How long a refusal holds; 10,000 when left out. */
  readonly refusedForMs?: number;
  /** The most answers that are remembered; 1,000 when left out. */
  readonly maxRemembered?: number;
  /**
   * The most questions to GitLab under way at once about tokens that were proved before for other projects, and the
   * most about others; beyond it tokens are `unavailable`. 16 when left out.
   */
  readonly maxConcurrent?: number;
};

/** Questions under way at once about one token that was proved before, or about all others of one address. */
const MOST_AT_ONCE = 4;
/** Refusals a minute of one token that was proved before, or of all others of one address. */
const MOST_REFUSED = 30;
const REFUSED_WINDOW_MS = 60_000;

/** The longest that a delivery waits for its proof: GitLab gives up on a webhook after 10 s. */
const TIMEOUT_MS = 5_000;

/** The role from which on a user belongs to a project's work. */
const LEAST_ROLE = "reporter";

/**
 * Creates the proof of passed-through tokens: `GET /projects/:id` and `GET /user` with the token. It has to be
 * the access token of this project or of a group above it, which is known by its bot user, or of a user whom
 * `users` names: any other member could bring a token of her own. Seeing a private project is to have a say in
 * it; a public or internal one is seen by everybody, there the token's owner must be a member (Reporter or
 * higher). Answers are remembered briefly, under a keyed hash and never under the token;
 * questions about one token that come at once are asked once. Tokens that were proved before have places of
 * their own, and an address has a part of the others only, so that made-up tokens keep no real one waiting. That one
 * was proved before is no answer: GitLab is asked about it as about any other, and what it refuses is forgotten.
 * Throws ConfigError for an unusable address.
 *
 * @see https://docs.gitlab.com/api/projects/#get-a-single-project
 * @see https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
export const createTokenProof = (options: TokenProofOptions): TokenProofs => {
  const { known, provedForMs = 60_000, refusedForMs = 10_000 } = options;
  const { maxRemembered = 1_000, maxConcurrent = 16 } = options;
  parseBaseUrl(options.url);
  const now = options.clock?.now ?? Date.now;
  const remember = <Value>() => createExpiringMap<string, Value>(maxRemembered, now);
  const answers = { proved: remember<TokenProof>(), refused: remember<TokenProof>() };
  const refusals = remember<readonly number[]>();
  const underWay = new Map<string, Promise<TokenProof>>();
  const places = { known: new Map<string, number>(), others: new Map<string, number>() };

  const recentRefusals = (payer: string): readonly number[] =>
    (refusals.get(payer) ?? []).filter((time) => time > now() - REFUSED_WINDOW_MS);

  const payerOf = (client: string): string => `address ${client}`;

  const note = (key: TokenKey, payer: string, { proof, isRevoked }: GitLabAnswer): void => {
    if (proof.kind === "proved") {
      answers.proved.set(key.text, proof, provedForMs);
      void known.keep(key.name, key.projectId);
    } else if (proof.kind === "refused") {
      answers.refused.set(key.text, proof, refusedForMs);
      void known.forget(key.name, isRevoked ? null : key.projectId);
      refusals.set(payer, [...recentRefusals(payer), now()].slice(-MOST_REFUSED), REFUSED_WINDOW_MS);
    }
  };

  const prove: TokenProofs["prove"] = async (token, projectId, client) => {
    const name = known.hash(token);
    const key = { name, projectId, text: `${projectId} ${name}` };
    const answered = answers.proved.get(key.text) ?? answers.refused.get(key.text) ?? underWay.get(key.text);
    if (answered !== undefined) return answered;
    const isKnown = known.isKnown(name);
    const payer = isKnown ? `token ${name}` : payerOf(client);
    if (recentRefusals(payer).length >= MOST_REFUSED)
      return { kind: "held", message: "Too many tokens were refused" };
    const lane = isKnown ? places.known : places.others;
    const own = lane.get(payer) ?? 0;
    const taken = [...lane.values()].reduce((sum, count) => sum + count, 0);
    // A token that was proved for this very project asks at most once a minute, and waits for nobody.
    if (!known.isKnown(name, projectId) && (own >= MOST_AT_ONCE || taken >= maxConcurrent))
      return { kind: "unavailable", message: "Too many tokens are being proved at once" };
    lane.set(payer, own + 1);
    const asking = askGitLab(options, token, projectId).then((answer) => {
      note(key, payer, answer);
      return answer.proof;
    });
    underWay.set(key.text, asking);
    try {
      return await asking;
    } finally {
      underWay.delete(key.text);
      const left = (lane.get(payer) ?? 1) - 1;
      if (left === 0) lane.delete(payer);
      else lane.set(payer, left);
    }
  };
  return {
    prove,
    isKnown: (token) => known.isKnown(known.hash(token)),
    isHeld: (client) => recentRefusals(payerOf(client)).length >= MOST_REFUSED,
  };
};

const REFUSALS = new Set(["gitlab-unauthorized", "gitlab-forbidden", "gitlab-not-found"]);

/** The address is checked before, so that a ConfigError means a token that no header could carry. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ConfigError || (error instanceof GitLabError && REFUSALS.has(error.code));

/** A token, by its hash, in a project. */
type TokenKey = { readonly name: string; readonly projectId: number; readonly text: string };

type GitLabAnswer = {
  readonly proof: TokenProof;
  /** Whether GitLab takes the token nowhere. */
  readonly isRevoked: boolean;
};

const askGitLab = async (
  options: TokenProofOptions,
  token: Secret,
  projectId: number,
): Promise<GitLabAnswer> => {
  try {
    return { proof: await askAbout(options, token, projectId), isRevoked: false };
  } catch (error) {
    const message = describeError(error);
    return {
      proof: isRefusal(error)
        ? { kind: "refused", code: "token-wrong", message }
        : { kind: "unavailable", message },
      isRevoked: error instanceof GitLabError && error.code === "gitlab-unauthorized",
    };
  }
};

/** Throws what keeps GitLab from answering, refusals included. */
const askAbout = async (
  options: TokenProofOptions,
  token: Secret,
  projectId: number,
): Promise<TokenProof> => {
  const client = createGitLabClient({
    ...options,
    token,
    tokenName: "the hook's secret token",
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    maxAttempts: 1,
  });
  const project = await client.json({ route: "/projects/:id", params: { id: projectId } }, Project);
  const path = project.path_with_namespace;
  if (mayWork(project)) {
    const user = await client.json({ route: "/user" }, TokenUser);
    if (
      isNamed(user, options.users ?? []) ||
      (await isBotOf(client, user, { id: project.id, readPath: async () => path }))
    )
      return { kind: "proved", projectPath: path };
    return {
      kind: "refused",
      code: "token-not-of-project",
      projectPath: path,
      message: `The hook's secret token is neither an access token of ${path} nor of a group above it: put such a token into the hook, or name its user in webhook.token_users`,
    };
  }
  return {
    kind: "refused",
    code: "token-wrong",
    message: `The owner of the hook's secret token is no member of ${project.path_with_namespace}: use an access token of that project with the role Developer and the scope api`,
  };
};

const mayWork = ({ visibility, permissions }: Project): boolean => {
  if (visibility === "private") return true;
  const levels = [permissions?.project_access?.access_level, permissions?.group_access?.access_level];
  return levels.some((level) => isAtLeast(roleOfLevel(level ?? null), LEAST_ROLE));
};

const isNamed = ({ id, username }: TokenUser, users: readonly (number | string)[]): boolean =>
  users.some((one) => (typeof one === "number" ? one === id : one.toLowerCase() === username.toLowerCase()));
