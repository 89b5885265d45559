import { messageOfError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
import { type Message, message } from "../../messages/message.ts";
import type { HookApi } from "./hook-api.ts";
import {
  type HookDifference,
  type HookStep,
  WANTED_EVENTS,
  type WantedHook,
  isDisabled,
} from "./plan-hooks.ts";
import type { ProjectHook } from "./schema.ts";

/** The secrets that a hook gets. */
export type HookSecrets = { readonly secretToken: Secret | null; readonly signingToken: Secret | null };

/** What became of a step. A problem names what to change and holds no secret. */
export type StepOutcome = { readonly ok: true } | { readonly ok: false; readonly problem: Message };

const DONE: StepOutcome = { ok: true };
const failed = (problem: Message): StepOutcome => ({ ok: false, problem });

/** Carries a step of the plan out. Whatever GitLab refuses is a problem and not thrown. */
export const applyHookStep = async (
  api: HookApi,
  projectId: number,
  step: HookStep,
  wanted: WantedHook,
  secrets: HookSecrets,
): Promise<StepOutcome> => {
  try {
    switch (step.kind) {
      case "leave":
        return DONE;
      case "remove":
        await api.remove(projectId, step.hook.id);
        return DONE;
      case "create":
        return outcomeOfAnswer(
          await api.create(projectId, fieldsOfNew(wanted, secrets)),
          secrets.signingToken,
        );
      case "fix":
        return await fix(api, projectId, step, wanted, secrets);
    }
  } catch (error) {
    return failed(messageOfError(error));
  }
};

const plainFields = ({ url, verifySsl }: WantedHook): JsonObject => ({
  url,
  ...Object.fromEntries(WANTED_EVENTS),
  enable_ssl_verification: verifySsl,
});

const fieldsOfNew = (wanted: WantedHook, { secretToken, signingToken }: HookSecrets): JsonObject => ({
  ...plainFields(wanted),
  ...(secretToken === null ? {} : { token: secretToken.reveal() }),
  ...(signingToken === null ? {} : { signing_token: signingToken.reveal() }),
});

const fix = async (
  api: HookApi,
  projectId: number,
  { hook, differences }: Extract<HookStep, { kind: "fix" }>,
  wanted: WantedHook,
  secrets: HookSecrets,
): Promise<StepOutcome> => {
  if (differences.some(({ kind }) => kind !== "disabled")) {
    const signing = differences.find(({ kind }) => kind === "signing-token");
    const fields = { ...plainFields(wanted), ...secretFields(differences, secrets) };
    const answer = await api.update(projectId, hook.id, fields);
    const judged = outcomeOfAnswer(answer, signing === undefined ? null : secrets.signingToken);
    if (!judged.ok) return judged;
  }
  return differences.some(({ kind }) => kind === "disabled") ? wake(api, projectId, hook.id, wanted) : DONE;
};

/** GitLab reports a test as sent whatever the receiver answered; the hook's status tells whether it was a success. */
const wake = async (
  api: HookApi,
  projectId: number,
  hookId: number,
  { url }: WantedHook,
): Promise<StepOutcome> => {
  const stays = (problem: Message): StepOutcome =>
    failed(message("hook.problem.still-disabled", { hook: hookId, problem, url }));
  try {
    await api.wake(projectId, hookId);
  } catch (error) {
    return stays(messageOfError(error));
  }
  return isDisabled(await api.show(projectId, hookId)) ? stays(message("hook.problem.answered-error")) : DONE;
};

const secretFields = (
  differences: readonly HookDifference[],
  { secretToken, signingToken }: HookSecrets,
): JsonObject => {
  const fields: Record<string, string> = {};
  for (const difference of differences) {
    if (difference.kind === "secret-token" && secretToken !== null) fields["token"] = secretToken.reveal();
    if (difference.kind !== "signing-token") continue;
    if (difference.change === "remove") fields["signing_token"] = "";
    else if (signingToken !== null) fields["signing_token"] = signingToken.reveal();
  }
  return fields;
};

/** Servers that have no signing tokens pass over them in silence; only the answer tells. */
const outcomeOfAnswer = (answer: ProjectHook, signingToken: Secret | null): StepOutcome =>
  signingToken === null || answer.signing_token_present === true
    ? DONE
    : failed(message("hook.problem.no-signing-token", { hook: answer.id }));
