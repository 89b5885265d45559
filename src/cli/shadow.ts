import { ConfigError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { SHADOW_REFUSALS } from "../http/api/shadow-routes.ts";
import {
  ShadowChoiceAnswer,
  ShadowSummaries,
  type ShadowSummary,
  summarizeCandidate,
} from "../http/api/shadow-summary.ts";
import { createShadowDesk } from "../http/shadow/shadow-desk.ts";
import type { ShadowAction } from "../review/shadow/decide-choice.ts";
import { shownCandidates } from "../wiring/create-shadows.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { printable, processTerminal, tellFailure, type Terminal } from "./terminal.ts";

/** How candidates are asked about. */
export type ShadowOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The address of the server; this machine's when left out. */
  readonly server?: string;
  readonly json?: boolean;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

/**
 * `reviewflow shadow [ACTION] [FLOW]`: shows candidates or decides about one, through the running server or
 * the store that no server has open. Returns the exit code: 1 when it was refused or nobody can be asked.
 */
export const shadow = async (
  action: "show" | ShadowAction,
  flow: string | null,
  options: ShadowOptions = {},
): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  const print = (text: string, value: object): void =>
    write(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : printable(text));
  try {
    const config = readConfig(
      options.environment ?? (await readServerEnvironment(options)),
      options.config ?? null,
    );
    if (action === "show") {
      const all = await summaries(config, options.server);
      const shown = all.filter((one) => flow === null || one.flow === flow);
      print(shown.map(describe).join("") || "No flow has a candidate (flows[].shadow).\n", shown);
      return flow !== null && shown.length === 0 ? 1 : 0;
    }
    if (flow === null) throw new ConfigError([`name the flow: reviewflow shadow ${action} FLOW`]);
    const answer = await decide(config, options.server, flow, action);
    print(
      `${answer.candidate}, the candidate of ${flow}: ${STANDINGS[answer.choice ?? "compared"]}\n`,
      answer,
    );
    return 0;
  } catch (error) {
    return tellFailure(error, complain);
  }
};

const sourceOf = ({ runner }: { readonly runner: Config["flows"][number]["runner"] }): string => {
  if (runner.kind === "dify") return runner.url;
  return runner.file.kind === "builtin" ? `builtin:${runner.file.name}` : runner.file.path;
};

const candidatesOf = (config: Config) => shownCandidates(config, (runner) => sourceOf({ runner }));

const summaries = async (config: Config, server: string | undefined): Promise<readonly ShadowSummary[]> =>
  askServerOrStore(config, server, {
    server: async (client) => (await client.get("/shadows", ShadowSummaries)).candidates,
    store: async ({ shadows }) => {
      const desk = createShadowDesk(shadows, candidatesOf(config));
      return (await Promise.all(desk.candidates.map(desk.view))).map(summarizeCandidate);
    },
  });

const decide = (
  config: Config,
  server: string | undefined,
  flow: string,
  action: ShadowAction,
): Promise<ShadowChoiceAnswer> =>
  askServerOrStore(config, server, {
    server: (client) =>
      client.send("POST", `/shadows/${encodeURIComponent(flow)}/${action}`, {}, ShadowChoiceAnswer),
    store: async ({ shadows }) => {
      const desk = createShadowDesk(shadows, candidatesOf(config));
      const change = await desk.change(flow, action, "the command line");
      if (change.kind === "refused") throw new ConfigError([SHADOW_REFUSALS[change.code]]);
      const { candidate, choice } = change.standing;
      return { flow, candidate, choice };
    },
  });

const STANDINGS = {
  promoted: "promoted, it reviews in the flow's place",
  dropped: "dropped, it runs no longer",
  compared: "compared",
} as const;

const describe = (one: ShadowSummary): string => {
  const took = (name: string, { tokens, cost, elapsedMs }: ShadowSummary["present"]): string => {
    const money = Object.entries(cost).map(([currency, amount]) => `${amount.toFixed(4)} ${currency}`);
    return `  ${name}: ${tokens} tokens, ${money.join(" + ") || "no cost"}, ${Math.round(elapsedMs / 1_000)} s\n`;
  };
  return (
    `${one.flow}: candidate ${one.candidate} (${one.candidateSource}), ${STANDINGS[one.choice ?? "compared"]}\n` +
    `  ${one.compared} reviews of ${one.mergeRequests} merge requests compared; ${one.waiting} waiting, ${one.failed} failed, ${one.skipped} not made\n` +
    `  findings: ${one.both} by both, ${one.onlyPresent} only by the present flow, ${one.onlyCandidate} only by the candidate\n` +
    took("present", one.present) +
    took("candidate", one.candidateTook)
  );
};
