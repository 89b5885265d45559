import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { stated } from "../../base/errors.ts";
import type { DocumentReader, NodeFailure } from "../../flow/ports.ts";
import { type Message, message } from "../../messages/message.ts";
import { createWorkerPool } from "../worker-pool.ts";
import { AMOUNTS, type DocumentAnswer, type DocumentJob, type DocumentProblem } from "./document-job.ts";

/** The longest document that is read, in bytes: Dify's limit of an upload (`UPLOAD_FILE_SIZE_LIMIT`). */
const MAX_BYTES = 15 * 1024 * 1024;
/** How long a document may compute, in milliseconds. */
const TIME_LIMIT_MS = 30_000;
/** Documents at once, a thread each. */
const CONCURRENCY = 2;

const Problem: z.ZodType<DocumentProblem> = z.union([
  z.object({ kind: z.enum(["broken", "encrypted", "compound-file"]) }),
  z.object({ kind: z.literal("too-large"), amount: z.enum(AMOUNTS), most: z.number() }),
]);
const Answer: z.ZodType<DocumentAnswer> = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), text: z.string() }),
  z.object({ ok: z.literal(false), problem: Problem }),
]);

const failure = (problem: Message): NodeFailure => ({
  ok: false,
  errorType: "TextExtractionError",
  ...stated(problem),
  retryable: false,
});

const describe = (problem: DocumentProblem): Message => {
  if (problem.kind === "too-large")
    return message("sandbox.document.too-large", { amount: problem.amount, most: problem.most });
  return message(`sandbox.document.${problem.kind}`);
};

/**
 * Reads documents in threads that are ended when one takes too long or too much memory, and let go when there were none
 * for five minutes. The libraries are loaded there, by the first document of a format. A file is limited in bytes, in
 * what it unpacks to, in pages and in cells; see the constants.
 */
export const createDocumentReader = ({
  clock,
}: {
  readonly clock: Clock;
}): DocumentReader & AsyncDisposable => {
  const pool = createWorkerPool({
    file: new URL("document-worker.ts", import.meta.url),
    size: CONCURRENCY,
    timeLimitMs: TIME_LIMIT_MS,
    clock,
    resourceLimits: { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
  return {
    read: async ({ format, bytes, signal }) => {
      if (bytes.length > MAX_BYTES)
        return failure(message("sandbox.document.too-large", { amount: "bytes", most: MAX_BYTES / 2 ** 20 }));
      // A view is sent with all that lies around it.
      const job: DocumentJob = { format, bytes: new Uint8Array(bytes) };
      const outcome = await pool.run(job, signal);
      if (outcome.kind === "timeout")
        return failure(message("sandbox.document.timeout", { seconds: TIME_LIMIT_MS / 1000 }));
      if (outcome.kind === "died")
        return failure(message("sandbox.document.ended", { reason: outcome.reason }));
      const answer = Answer.parse(outcome.value);
      return answer.ok ? { ok: true, value: answer.text } : failure(describe(answer.problem));
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
};
