import { GitLabError, messageOfError, ReviewflowError } from "../base/errors.ts";
import type { ModelStanding } from "../llm/ask-model.ts";
import { type Message, message } from "../messages/message.ts";
import { diagnoseUnreachable } from "./diagnose-gitlab.ts";
import { diagnoseRefusedToken, diagnoseToken } from "./diagnose-token.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";
import { type NamedClient, OwnToken, TokenOwner } from "./examine-gitlab.ts";
import { examineFlows, type FlowSubject } from "./examine-flows.ts";

/** A model whose server is asked for its name and key. */
type StartModel = {
  /** The operator's name for it, and its provider's. */
  readonly name: string;
  readonly model: string;
  /** Rejects where the server cannot be reached. */
  readonly ask: (signal: AbortSignal) => Promise<ModelStanding>;
};

/** What a server looks at when it starts. */
export type StartSubject = {
  /** Null where tokens come with the deliveries. */
  readonly gitlab: NamedClient | null;
  readonly models: readonly StartModel[];
  /** Those on Dify. */
  readonly flows: readonly FlowSubject[];
  readonly nowMs: () => number;
};

/**
 * Looks at everything that reviews need outside, at the same time and for `limitMs` each: one diagnosis for each that is
 * as it should be, and what to change where it is not. What does not answer in time is worth knowing and no more.
 */
export const examineStart = async (
  { gitlab, models, flows, nowMs }: StartSubject,
  limitMs: number,
): Promise<readonly Diagnosis[]> => {
  const questions: readonly Promise<readonly Diagnosis[]>[] = [
    ...(gitlab === null ? [] : [examineToken(gitlab, nowMs(), limitMs)]),
    ...models.map((model) => examineModel(model, limitMs)),
    ...flows.map((flow) => examineFlow(flow, limitMs)),
  ];
  return (await Promise.all(questions)).flat();
};

const late = (check: string, what: string, limitMs: number): Diagnosis =>
  warn(check, message("start.late", { what, ms: limitMs }), message("start.late.fix"));

const examineToken = async (
  { client, tokenName }: NamedClient,
  nowMs: number,
  limitMs: number,
): Promise<readonly Diagnosis[]> => {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const [user, token] = await Promise.all([
      client.json({ route: "/user", signal }, TokenOwner),
      client.json({ route: "/personal_access_tokens/self", signal }, OwnToken),
    ]);
    const { username } = user;
    const { scopes, expires_at: expiresAt = null } = token;
    const found = diagnoseToken({ tokenName, scopes, expiresAt, username, nowMs });
    const problems = found.filter(({ level }) => level !== "ok");
    if (problems.length > 0) return problems;
    return [
      ok("gitlab", message("start.gitlab.ok", { url: client.url, username, scopes: scopes.join(", ") })),
    ];
  } catch (error) {
    if (signal.aborted) return [late("gitlab", client.url, limitMs)];
    if (!(error instanceof GitLabError)) throw error;
    return [
      error.status === 401 || error.status === 403
        ? diagnoseRefusedToken(tokenName, messageOfError(error))
        : diagnoseUnreachable(error),
    ];
  }
};

const MOST_NAMES = 5;

const examineModel = async (
  { name, model, ask }: StartModel,
  limitMs: number,
): Promise<readonly Diagnosis[]> => {
  const signal = AbortSignal.timeout(limitMs);
  const about = { name, model };
  try {
    const standing = await ask(signal);
    switch (standing.kind) {
      case "listed":
        return [ok("model", message("start.model.ok", about))];
      case "silent":
        return [ok("model", message("start.model.silent", about))];
      case "refused":
        return [
          fail(
            "model",
            message("start.model.refused", { ...about, status: standing.status }),
            modelFix(name),
          ),
        ];
      case "unlisted":
        return [
          warn(
            "model",
            message("start.model.unlisted", {
              ...about,
              names: standing.names.slice(0, MOST_NAMES).join(", ") || "–",
            }),
            modelFix(name),
          ),
        ];
    }
  } catch {
    return [
      signal.aborted
        ? late("model", `models.${name}`, limitMs)
        : fail("model", message("start.model.unreachable", about), modelFix(name)),
    ];
  }
};

const modelFix = (name: string): Message => message("start.model.fix", { name });

const examineFlow = async (flow: FlowSubject, limitMs: number): Promise<readonly Diagnosis[]> => {
  try {
    const found: Diagnosis[] = [];
    for await (const diagnosis of examineFlows([flow], limitMs)) found.push(diagnosis);
    const problems = found.filter(({ level }) => level !== "ok");
    return problems.length > 0 ? problems : [ok("dify", message("doctor.dify.ok", { flow: flow.name }))];
  } catch (error) {
    if (!(error instanceof ReviewflowError)) throw error;
    return [fail("dify", messageOfError(error), message("doctor.flow.dify.fix"))];
  }
};
