import { describeError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
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
export type StepOutcome = { readonly ok: true } | { readonly ok: false; readonly problem: string };

const DONE: StepOutcome = { ok: true };
const failed = (problem: string): StepOutcome => ({ ok: false, problem });

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
    return failed(describeError(error));
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
  const stays = (why: string): StepOutcome =>
    failed(
      `hook ${hookId} stays disabled, since a test delivery failed (${why}). See that the server runs, that GitLab reaches ${url} and that the secrets agree (--renew-secrets), then do this again`,
    );
  try {
    await api.wake(projectId, hookId);
  } catch (error) {
    return stays(describeError(error));
  }
  return isDisabled(await api.show(projectId, hookId)) ? stays("it was answered with an error") : DONE;
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
    : failed(
        `GitLab did not take the signing token of hook ${answer.id}: it has them from 19.1 on (in 19.0 behind the flag webhook_signing_token). Set WEBHOOK_SECRET as well until then`,
      );
