import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import {
  ShadowChoiceAnswer,
  ShadowSummaries,
  type ShadowSummary,
  summarizeCandidate,
} from "../http/api/shadow-summary.ts";
import { createShadowDesk } from "../http/shadow/shadow-desk.ts";
import type { Translate } from "../messages/format-message.ts";
import { message } from "../messages/message.ts";
import type { ShadowAction } from "../review/shadow/decide-choice.ts";
import { shownCandidates } from "../wiring/create-shadows.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { CommandError } from "./command-error.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import {
  commandName,
  printable,
  processTerminal,
  tellFailure,
  type Terminal,
  terminalTexts,
} from "./terminal.ts";

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
  const t = terminalTexts(options.environment);
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
      print(shown.map((one) => describe(t, one)).join("") || `${t("shadow.none")}\n`, shown);
      return flow !== null && shown.length === 0 ? 1 : 0;
    }
    if (flow === null) {
      const command = `${commandName(options.environment ?? process.env)} shadow ${action}`;
      throw new CommandError(message("cli.shadow.flow-needed", { command }));
    }
    const answer = await decide(config, options.server, flow, action);
    const { candidate, choice } = answer;
    print(`${t("cli.shadow.decided", { candidate, flow, status: statusOf(t, choice) })}\n`, answer);
    return 0;
  } catch (error) {
    return tellFailure(error, complain, t);
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
      const change = await desk.change(flow, action, "command-line");
      if (change.kind === "refused")
        throw new CommandError(message(`shadow.done.${change.code}`), { code: change.code });
      const { candidate, choice } = change.standing;
      return { flow, candidate, choice };
    },
  });

const statusOf = (t: Translate, choice: ShadowChoiceAnswer["choice"]): string =>
  t(choice === null ? "shadow.comparing" : `shadow.${choice}`);

const describe = (t: Translate, one: ShadowSummary): string => {
  const took = (who: string, { tokens, cost, elapsedMs }: ShadowSummary["present"]): string => {
    const money = Object.entries(cost).map(([currency, amount]) => `${amount.toFixed(4)} ${currency}`);
    const used = { tokens, cost: money.join(" + ") || t("cli.shadow.no-cost") };
    return `  ${t("cli.shadow.usage", { who, ...used, seconds: Math.round(elapsedMs / 1_000) })}`;
  };
  const { flow, candidate, compared, mergeRequests, waiting, failed, skipped } = one;
  const status = statusOf(t, one.choice);
  const lines = [
    t("cli.shadow.candidate", { flow, candidate, source: one.candidateSource, status }),
    `  ${t("cli.shadow.counts", { compared, mergeRequests, waiting, failed, skipped })}`,
    `  ${t("cli.shadow.findings", { both: one.both, present: one.onlyPresent, candidate: one.onlyCandidate })}`,
    took(t("shadow.present"), one.present),
    took(t("shadow.candidate"), one.candidateTook),
  ];
  return lines.map((line) => `${line}\n`).join("");
};
