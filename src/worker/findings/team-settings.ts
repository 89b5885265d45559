import type { Logger } from "../../base/logger.ts";
import type { Forge } from "../../review/forge.ts";
import { narrowTriggers } from "../../review/rules/apply-settings.ts";
import type { TriggerRules } from "../../review/triggers.ts";
import type { ReviewFlow } from "../review-flow.ts";
import type { RulesOf } from "./team-rules.ts";

/** What a repository's settings come to besides its reviews. */
export type TeamSettings = {
  /** The language that we speak there: of whoever asked for one, of the repository, or of the flow. */
  readonly language: string;
  /** The server's triggers with what the repository turns off. */
  readonly narrow: (host: TriggerRules) => TriggerRules;
};

/**
 * Reads the settings of a repository that hold for answers and reminders, too. Flows that take no rules of
 * teams have none. A failure of the forge is logged and leaves what is known from before.
 */
export const readTeamSettings = async (
  flow: ReviewFlow,
  forge: Forge,
  rulesOf: RulesOf,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<TeamSettings> => {
  const teamRules = flow.contract === "findings" ? flow.teamRules : undefined;
  if (teamRules === undefined) return { language: flow.language, narrow: (host) => host };
  const { settings } = await teamRules.read(forge, rulesOf, signal, logger);
  // Whoever asks in a language gets it.
  const isAsked = flow.language !== teamRules.language;
  return {
    language: isAsked ? flow.language : (settings.language ?? flow.language),
    narrow: (host) => narrowTriggers(host, settings).rules,
  };
};
