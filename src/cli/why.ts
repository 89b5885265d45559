import type { Translate } from "../messages/format-message.ts";
import { describeReason } from "./describe-reason.ts";
import type { Environment } from "../config/environment.ts";
import { DeliveryReport, readDeliveryReport, type RunReport } from "../http/api/delivery-report.ts";
import { createMasking } from "../http/dashboard/mask-text.ts";
import { secretsIn } from "../base/mask-values.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { isServerError } from "./server-client.ts";
import { printable, processTerminal, tellFailure, type Terminal, terminalTexts } from "./terminal.ts";

/** How `why` finds the delivery. */
export type WhyOptions = Partial<Terminal> & {
  /** The configuration file. */
  readonly config?: string;
  /** The address of the server; this machine's when left out. */
  readonly server?: string;
  readonly json?: boolean;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
};

/**
 * `reviewflow why DELIVERY`: shows how a delivery was handled and why, by our id or GitLab's, in the
 * terminal's language. Returns the
 * exit code: 1 when it is not known or nobody can be asked.
 */
export const why = async (reference: string, options: WhyOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  try {
    const environment = options.environment ?? (await readServerEnvironment(options));
    const t = terminalTexts(environment);
    const report = await findReport(reference, environment, options);
    if (report === null) {
      complain(printable(`${t("why.unknown", { delivery: reference })}\n`));
      return 1;
    }
    write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : printable(describe(t, report)));
    return 0;
  } catch (error) {
    return tellFailure(error, complain, terminalTexts(options.environment));
  }
};

const findReport = async (
  reference: string,
  environment: Environment,
  { config: file, server }: WhyOptions,
): Promise<DeliveryReport | null> => {
  const config = readConfig(environment, file ?? null);
  const mask = createMasking(secretsIn(config)).text;
  return askServerOrStore(config, server, {
    server: async (client) => {
      try {
        return await client.get(`/deliveries/${encodeURIComponent(reference)}`, DeliveryReport);
      } catch (error) {
        if (isServerError(error, "delivery-unknown")) return null;
        throw error;
      }
    },
    store: ({ views }) => readDeliveryReport(views, reference, mask),
  });
};

const describe = (t: Translate, report: DeliveryReport): string => {
  const { id, event, key, repeats, project, iid, asked } = report;
  const about = `${project ?? ""}${iid === null ? "" : `!${iid}`}`;
  const outcomeOf = ({ decision, reason }: Pick<DeliveryReport, "decision" | "reason">): string =>
    `${t(`why.outcome.${decision}`)}: ${describeReason(reason, t)}`;
  const lines = [
    t("why.delivery", {
      id,
      event,
      named: String(project !== null),
      about,
      time: timeOf(report.receivedAtMs),
    }),
    `  ${t("why.key", { key, repeats })}`,
    outcomeOf(report),
    ...report.runs.flatMap((run) => describeRun(t, run)),
    ...(asked === null ? [] : [t("why.asked", { outcome: outcomeOf(asked) })]),
    ...(asked?.runs ?? []).flatMap((run) => describeRun(t, run)),
  ];
  return lines.map((line) => `${line}\n`).join("");
};

const describeRun = (t: Translate, run: RunReport): readonly string[] => [
  t("why.run", { id: run.id, state: t(`run-state.${run.state}`) }),
  `  ${[
    t("why.flow", { flow: run.flow }),
    ...(run.headSha === null ? [] : [t("why.head", { sha: run.headSha.slice(0, 12) })]),
    t("why.attempts", { count: run.attempts }),
    t("why.queued", { time: timeOf(run.createdAtMs) }),
    ...(run.finishedAtMs === null ? [] : [t("why.ended", { time: timeOf(run.finishedAtMs) })]),
    ...(run.nextAttemptAtMs === null ? [] : [t("why.due", { time: timeOf(run.nextAttemptAtMs) })]),
  ].join(", ")}`,
  ...(run.reason === null ? [] : [`  ${describeReason(run.reason, t)}`]),
];

const timeOf = (ms: number): string => new Date(ms).toISOString();
