import { maskReason, StoredReason } from "../../base/reason.ts";
import { z } from "zod";
import { DECISIONS, type Delivery, type Run, RUN_STATES } from "../../store/store.ts";
import type { Views } from "../../store/views/views.ts";

const RunReport = z.object({
  id: z.string(),
  kind: z.enum(["review", "reply"]),
  state: z.enum(RUN_STATES),
  trigger: z.string(),
  flow: z.string(),
  headSha: z.string().nullable(),
  /** Why it stands so, or what came of it. */
  reason: StoredReason.nullable(),
  attempts: z.number(),
  createdAtMs: z.number(),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
  nextAttemptAtMs: z.number().nullable(),
});

/** A run as far as it says what became of a delivery. Times are in milliseconds since the epoch. */
export type RunReport = z.infer<typeof RunReport>;

/** What became of a delivery and why; what `GET /api/deliveries/:id` answers. */
export const DeliveryReport = z.object({
  id: z.string(),
  /** What made a repeat of it recognisable. */
  key: z.string(),
  event: z.string(),
  receivedAtMs: z.number(),
  project: z.string().nullable(),
  iid: z.number().nullable(),
  decision: z.enum(DECISIONS),
  /** Why it was ignored, what it cancelled, or what started its run. */
  reason: StoredReason,
  repeats: z.number(),
  /** The runs that were made for it, the oldest first; also those that people started again. */
  runs: z.array(RunReport),
  /** What a note that asked for a review led to: the decision about that review, and its runs. */
  asked: z
    .object({
      decision: z.enum(DECISIONS),
      reason: StoredReason,
      runs: z.array(RunReport),
    })
    .nullable(),
});

/** The type of a DeliveryReport. */
export type DeliveryReport = z.infer<typeof DeliveryReport>;

/** Where reports are read from. */
export type ReportSource = Pick<Views, "findDelivery" | "listRuns">;

/** More runs of one delivery are not told of. */
const MOST_RUNS = 50;

const Noted = z.object({ noteId: z.number() });

/**
 * Reads what became of the delivery with our own id, or with GitLab's (`Idempotency-Key`, `webhook-id`).
 * Null for an unknown one. `mask` takes secrets out of what people and servers wrote.
 */
export const readDeliveryReport = async (
  source: ReportSource,
  reference: string,
  mask: (text: string) => string,
): Promise<DeliveryReport | null> => {
  const delivery = await source.findDelivery(reference);
  if (delivery === null) return null;
  const runs = await runsOf(source, delivery);
  const asked = await findAsked(source, delivery, runs);
  const show = (run: Run): RunReport => toRunReport(run, mask);
  return {
    id: delivery.id,
    key: delivery.key,
    event: delivery.eventName,
    receivedAtMs: delivery.receivedAtMs,
    project: delivery.projectPath,
    iid: delivery.iid,
    decision: delivery.decision,
    reason: maskReason(delivery.reason, mask),
    repeats: delivery.repeats,
    runs: runs.map(show),
    asked:
      asked === null
        ? null
        : {
            decision: asked.decision,
            reason: maskReason(asked.reason, mask),
            runs: (await runsOf(source, asked)).map(show),
          },
  };
};

const runsOf = async (source: ReportSource, { id }: Delivery): Promise<readonly Run[]> =>
  (await source.listRuns({ limit: MOST_RUNS, deliveryId: id })).rows.toReversed();

/** A command that asks for a review has it queued as a delivery of our own. */
const findAsked = async (
  source: ReportSource,
  { projectId, decision }: Delivery,
  [run]: readonly Run[],
): Promise<Delivery | null> => {
  const noted = Noted.safeParse(run?.event);
  if (decision !== "reply" || projectId === null || !noted.success) return null;
  return source.findDelivery(`note-review:${projectId}:${noted.data.noteId}`);
};

const toRunReport = (run: Run, mask: (text: string) => string): RunReport => ({
  id: run.id,
  kind: run.kind,
  state: run.state,
  trigger: run.trigger,
  flow: run.flow,
  headSha: run.headSha,
  reason: run.reason === null ? null : maskReason(run.reason, mask),
  attempts: run.attempts,
  createdAtMs: run.createdAtMs,
  startedAtMs: run.startedAtMs,
  finishedAtMs: run.finishedAtMs,
  nextAttemptAtMs: run.nextAttemptAtMs,
});
