import { describeReason } from "./describe-reason.ts";
import type { Environment } from "../config/environment.ts";
import { DeliveryReport, readDeliveryReport, type RunReport } from "../http/api/delivery-report.ts";
import { createMasking } from "../http/dashboard/mask-text.ts";
import { secretsIn } from "../base/mask-values.ts";
import { askServerOrStore } from "./ask-server-or-store.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { isServerError } from "./server-client.ts";
import { printable, processTerminal, tellFailure, type Terminal } from "./terminal.ts";

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
 * `reviewflow why DELIVERY`: says what became of a delivery and why, by our id or GitLab's. Returns the
 * exit code: 1 when it is not known or nobody can be asked.
 */
export const why = async (reference: string, options: WhyOptions = {}): Promise<number> => {
  const { write = processTerminal.write, complain = processTerminal.complain } = options;
  try {
    const report = await findReport(reference, options);
    if (report === null) {
      complain(
        printable(
          `No delivery ${reference} has been received. Ids are on the dashboard's page of deliveries, in the ` +
            "answer to the webhook, and as Idempotency-Key among the hook's recent events in GitLab.\n",
        ),
      );
      return 1;
    }
    write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : printable(describe(report)));
    return 0;
  } catch (error) {
    return tellFailure(error, complain);
  }
};

const findReport = async (reference: string, options: WhyOptions): Promise<DeliveryReport | null> => {
  const { config: file, server, environment = await readServerEnvironment(options) } = options;
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

const describe = (report: DeliveryReport): string => {
  const { asked } = report;
  const about =
    report.project === null ? "" : ` of ${report.project}${report.iid === null ? "" : `!${report.iid}`}`;
  const lines = [
    `Delivery ${report.id}: ${report.event}${about}, received ${timeOf(report.receivedAtMs)}`,
    `  key ${report.key}${report.repeats === 0 ? "" : `; came ${report.repeats} more ${report.repeats === 1 ? "time" : "times"}`}`,
    `${OUTCOMES[report.decision]}: ${describeReason(report.reason)}`,
    ...report.runs.flatMap(describeRun),
    ...(asked === null
      ? []
      : [`The review that it asked for. ${OUTCOMES[asked.decision]}: ${describeReason(asked.reason)}`]),
    ...(asked?.runs ?? []).flatMap(describeRun),
  ];
  return lines.map((line) => `${line}\n`).join("");
};

const OUTCOMES = {
  ignore: "Ignored",
  cancel: "Ended what was under way",
  review: "A review was queued",
  reply: "An answer was queued",
} as const satisfies Record<DeliveryReport["decision"], string>;

const describeRun = (run: RunReport): readonly string[] => [
  `Run ${run.id}: ${run.state}`,
  `  ${[
    `flow ${run.flow}`,
    ...(run.headSha === null ? [] : [`head ${run.headSha.slice(0, 12)}`]),
    `${run.attempts} ${run.attempts === 1 ? "attempt" : "attempts"}`,
    `queued ${timeOf(run.createdAtMs)}`,
    ...(run.finishedAtMs === null ? [] : [`ended ${timeOf(run.finishedAtMs)}`]),
    ...(run.nextAttemptAtMs === null ? [] : [`due ${timeOf(run.nextAttemptAtMs)}`]),
  ].join(", ")}`,
  ...(run.reason === null ? [] : [`  ${describeReason(run.reason)}`]),
];

const timeOf = (ms: number): string => new Date(ms).toISOString();
