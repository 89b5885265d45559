import type { Forge } from "../review/forge.ts";
import type { PublicationReceipt } from "../review/discussion.ts";
import type { Metrics } from "./metrics.ts";
import type { OpenSpan, Tracing } from "./tracing.ts";

/** What a forge is observed with. */
export type ForgeObservation = {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly now: () => number;
};

/** What a forge writes. */
type Writing = Pick<Forge, "upsertNote" | "publish" | "reply">;

/** A forge that tells of what it publishes; for its callers nothing changes. */
export const observeForge = <Observed extends Writing>(
  forge: Observed,
  { metrics, tracing, now }: ForgeObservation,
): Observed => {
  const watch = <T>(what: string, work: (span: OpenSpan) => Promise<T>): Promise<T> =>
    tracing.span({ name: "publish", attributes: { "reviewflow.publish.what": what } }, async (span) => {
      const startedMs = now();
      let failed = true;
      try {
        const value = await work(span);
        failed = false;
        return value;
      } finally {
        metrics.published({ failed, elapsedMs: now() - startedMs });
      }
    });
  return {
    ...forge,
    upsertNote: (...[ref, draft, signal]: Parameters<Forge["upsertNote"]>) =>
      watch("note", async (span) => {
        const receipt = await forge.upsertNote(ref, draft, signal);
        metrics.noteWritten(receipt.outcome);
        span.set({ "reviewflow.publish.note": receipt.outcome });
        return receipt;
      }),
    reply: (...[ref, draft, signal]: Parameters<Forge["reply"]>) =>
      watch("reply", async (span) => {
        const outcome = await forge.reply(ref, draft, signal);
        span.set({ "reviewflow.publish.reply": outcome.kind });
        return outcome;
      }),
    publish: (...[ref, publication, signal]: Parameters<Forge["publish"]>) =>
      watch("review", async (span) => {
        const receipt = await forge.publish(ref, publication, signal);
        if (receipt.summary !== null) metrics.noteWritten(receipt.summary.outcome);
        span.set(describe(receipt));
        return receipt;
      }),
  };
};

const describe = ({ threads, summary, way }: PublicationReceipt) => {
  const outcomes = [...threads.values()];
  const count = (kind: string): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  return {
    "reviewflow.publish.way": way,
    "reviewflow.publish.published": count("published"),
    "reviewflow.publish.present": count("present"),
    "reviewflow.publish.refused": count("refused"),
    ...(summary === null ? {} : { "reviewflow.publish.note": summary.outcome }),
  };
};
