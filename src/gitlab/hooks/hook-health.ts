import type { Clock } from "../../base/clock.ts";
import { GitLabError, messageOfError } from "../../base/errors.ts";
import type { Message } from "../../messages/message.ts";
import { describeDifference } from "./describe-hook-step.ts";
import { looksLikeOurs, showAddress } from "./hook-address.ts";
import type { HookApi } from "./hook-api.ts";
import { compareHook, isDisabled } from "./plan-hooks.ts";
import type { ProjectHook } from "./schema.ts";

/** A hook that calls us, as GitLab has it. */
export type SeenHook = {
  readonly id: number;
  /** Without what could be a secret. */
  readonly address: string;
  /** Null while GitLab calls it. */
  readonly disabled: {
    /** GitLab's `alert_status`. */
    readonly status: string;
    /** In milliseconds since the epoch; null where it stays off until somebody wakes it. */
    readonly untilMs: number | null;
  } | null;
  /** Which of its switches are not as we need them. */
  readonly differences: readonly Message[];
};

/** What is known of a project's hooks at a moment. */
export type HookHealth =
  | { readonly kind: "seen"; readonly hooks: readonly SeenHook[] }
  | {
      readonly kind: "unseen";
      /** `no-role`: only Maintainers see hooks. `no-answer`: GitLab failed or did not answer in time. */
      readonly why: "no-role" | "no-answer";
      readonly reason: Message;
    };

/** Asks how a project's hooks are. Never rejects. */
export type AskHookHealth = (projectId: number) => Promise<HookHealth>;

/** What hooks are asked after with. */
export type HookHealthOptions = {
  readonly hooks: Pick<HookApi, "list">;
  readonly clock: Clock;
};

/** How long an answer counts, in milliseconds. */
const FRESH_MS = 60_000;
const MAX_REMEMBERED = 500;

/**
 * Asks GitLab about hooks, at most once a minute for each project, and once for all who ask at the same
 * time. What failed is asked anew.
 */
export const createHookHealth = ({ hooks, clock }: HookHealthOptions): AskHookHealth => {
  const known = new Map<number, { readonly atMs: number; readonly health: Promise<HookHealth> }>();
  const ask = async (projectId: number): Promise<HookHealth> => {
    try {
      const all = await hooks.list(projectId);
      // By the path alone: GitLab may reach us at an address that nobody else uses.
      return { kind: "seen", hooks: all.filter(({ url }) => looksLikeOurs(url)).map(toSeen) };
    } catch (error) {
      known.delete(projectId);
      return toUnseen(error);
    }
  };
  return (projectId) => {
    const before = known.get(projectId);
    if (before !== undefined && clock.now() - before.atMs < FRESH_MS) return before.health;
    known.delete(projectId);
    const [oldest] = known.keys();
    if (known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    const health = ask(projectId);
    known.set(projectId, { atMs: clock.now(), health });
    return health;
  };
};

const toSeen = (hook: ProjectHook): SeenHook => {
  const until = Date.parse(hook.disabled_until ?? "");
  // Only what nobody can have meant otherwise: secrets cannot be compared, and SSL is the team's choice.
  const wanted = {
    url: hook.url,
    verifySsl: hook.enable_ssl_verification ?? true,
    secretToken: "leave",
    signingToken: "leave",
  } as const;
  return {
    id: hook.id,
    address: showAddress(hook.url),
    disabled: isDisabled(hook)
      ? { status: hook.alert_status ?? "", untilMs: Number.isNaN(until) ? null : until }
      : null,
    differences: compareHook(wanted, hook)
      .filter(({ kind }) => kind === "switch")
      .map(describeDifference),
  };
};

/** GitLab answers 403 to a role that is too low, and 404 where not even the project is shown. */
const toUnseen = (error: unknown): HookHealth => {
  const isRole = error instanceof GitLabError && (error.status === 403 || error.status === 404);
  return { kind: "unseen", why: isRole ? "no-role" : "no-answer", reason: messageOfError(error) };
};
