import { type Reason, reasonOf } from "../../base/reason.ts";
import { describeError, messageOfError, ReviewflowError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import type { HostRule, RuleSources } from "../../review/rules/rule.ts";
import type { RepositorySettings } from "../../review/rules/repository-settings.ts";
import { NO_RULES, readRepositoryRules, type RepositoryRules, rulesDigest } from "./repository-rules.ts";

/** What rules of a team are made from. */
export type TeamRulesOptions = {
  /** The rules of the server and of groups. */
  readonly host: readonly HostRule[];
  /** The flow that reviews, with its own rules. */
  readonly flow: { readonly name: string; readonly rules: string; readonly language: string };
  /** Whether a repository may have rules and settings of its own. */
  readonly repository: boolean;
  /** How many branches are remembered; 100 when left out. */
  readonly maxRemembered?: number;
};

/** Everything that the team says about one review. */
export type TeamRulesReading = {
  readonly settings: RepositorySettings;
  readonly sources: RuleSources;
  /** What in the repository's files has no effect. */
  readonly problems: readonly Reason[];
  /** Why the repository's rules could not be read, null when they could. */
  readonly failure: Reason | null;
  /** Whether the repository's rules are the default branch's, since others may push to the target branch. */
  readonly isFromDefault: boolean;
};

/** Whose rules are read. */
export type RulesOf = Pick<MergeRequest, "projectPath" | "targetBranch"> & {
  readonly ref: Pick<MergeRequest["ref"], "projectId">;
};

/** The rules of the teams that a flow reviews for. */
export type TeamRules = {
  /** The language of the flow when nobody asks for another. */
  readonly language: string;
  /**
   * Reads the rules for a merge request in the project that it is for: from the tip of its target branch where
   * that is the default or a protected one, else from the default branch, so that nobody who may make a branch
   * chooses the rules. That costs two calls, and more only where they show that the rules are others than before. What
   * the forge refuses of them is told in the reading, with what is known from before. Throws where the forge is away or
   * refuses us: that is waited for, since a review by no rules is not the team's.
   */
  readonly read: (
    forge: Forge,
    rulesOf: RulesOf,
    signal: AbortSignal,
    logger: Logger,
  ) => Promise<TeamRulesReading>;
};

type Remembered = {
  readonly digest: string;
  readonly isFromDefault: boolean;
  readonly rules: RepositoryRules;
};

/** Creates the rules of the teams of one flow. */
export const createTeamRules = (options: TeamRulesOptions): TeamRules => {
  const { host, flow, repository, maxRemembered = 100 } = options;
  const known = new Map<string, Remembered>();
  const remember = (key: string, remembered: Remembered): Remembered => {
    known.delete(key);
    known.set(key, remembered);
    const [oldest] = known.keys();
    if (known.size > maxRemembered && oldest !== undefined) known.delete(oldest);
    return remembered;
  };
  const read = async (forge: Forge, { ref, targetBranch }: RulesOf, signal: AbortSignal) => {
    const isFromDefault = !(await forge.isProtectedBranch(ref, targetBranch, signal));
    // A full ref, so that no tag can stand in for the branch.
    const place = { ref, sha: isFromDefault ? "HEAD" : `refs/heads/${targetBranch}` };
    const root = await forge.listFolder(ref, { path: "", sha: place.sha, recursive: false }, signal);
    const key = keyOf(ref, targetBranch);
    const digest = rulesDigest(root);
    const before = known.get(key);
    if (before?.digest === digest) return remember(key, { ...before, isFromDefault });
    const rules = digest === "" ? NO_RULES : await readRepositoryRules(forge, place, root, signal);
    return remember(key, { digest, isFromDefault, rules });
  };
  return {
    language: flow.language,
    read: async (forge, rulesOf, signal, logger) => {
      let found: Remembered | null = null;
      let failure: Reason | null = null;
      try {
        if (repository && rulesOf.targetBranch !== "") found = await read(forge, rulesOf, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ReviewflowError)) throw error;
        if (error.outside !== undefined && error.outside.verdict !== "busy") throw error;
        found = known.get(keyOf(rulesOf.ref, rulesOf.targetBranch)) ?? null;
        failure = reasonOf("rules-unreadable", { kept: found !== null, detail: messageOfError(error) });
        logger.warn({ error: describeError(error) }, "Rules of the repository cannot be read");
      }
      const { settings, files, problems } = found?.rules ?? NO_RULES;
      return {
        settings,
        problems,
        failure,
        isFromDefault: found?.isFromDefault ?? false,
        sources: {
          projectPath: rulesOf.projectPath,
          host,
          flow: { name: flow.name, text: flow.rules },
          repositoryRules: settings.rules,
          files,
        },
      };
    },
  };
};

const keyOf = ({ projectId }: RulesOf["ref"], branch: string): string => `${projectId} ${branch}`;
