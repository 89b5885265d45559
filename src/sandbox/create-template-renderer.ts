import { type Clock, systemClock } from "../base/clock.ts";
import type { NodeFailure, TemplateRenderer } from "../flow/ports.ts";
import { TemplateAnswer, toSendable } from "./jinja2/template-messages.ts";
import type { TemplateJob } from "./jinja2/template-messages.ts";
import { createWorkerPool } from "./worker-pool.ts";
import { stated } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";

/** How templates are rendered. */
export type TemplateRendererOptions = {
  /** How long one template may take, in milliseconds; Dify's 15 s when left out. */
  readonly timeLimitMs?: number;
  /** Longest text in characters; Dify's 400,000 when left out. */
  readonly maxCharacters?: number;
  /** Templates at once, a thread each; 2 when left out. */
  readonly concurrency?: number;
  /** Tells when threads have had nothing to do for long enough; the machine's when left out. */
  readonly clock?: Clock;
};

/** The port, with a start ahead of need and an end. */
export type SandboxedTemplateRenderer = TemplateRenderer & AsyncDisposable & { readonly warmUp: () => void };

const TIME_LIMIT_MS = 15_000;
const MAX_CHARACTERS = 400_000;

const failure = (problem: string | Message): NodeFailure => ({
  ok: false,
  errorType: "TemplateRenderError",
  ...(typeof problem === "string" ? { message: problem } : stated(problem)),
  retryable: false,
});

/**
 * Renders Jinja2 templates as Python's Jinja2 3.1 does, in a worker thread that is ended when a template
 * takes too long or too much memory, or when there were no templates for a time. Templates reach their variables and nothing else.
 */
export const createTemplateRenderer = (options: TemplateRendererOptions = {}): SandboxedTemplateRenderer => {
  const timeLimitMs = options.timeLimitMs ?? TIME_LIMIT_MS;
  const pool = createWorkerPool({
    file: new URL("jinja2/template-worker.ts", import.meta.url),
    size: options.concurrency ?? 2,
    timeLimitMs,
    clock: options.clock ?? systemClock,
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });

  return {
    render: async ({ template, variables, signal }) => {
      const job: TemplateJob = {
        template,
        variables: Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [name, toSendable(value)]),
        ),
        maxCharacters: options.maxCharacters ?? MAX_CHARACTERS,
      };
      const outcome = await pool.run(job, signal);
      if (outcome.kind === "timeout") return failure(message("sandbox.timeout", { ms: timeLimitMs }));
      if (outcome.kind === "died")
        return failure(message("sandbox.template-memory", { reason: outcome.reason }));
      const answer = TemplateAnswer.parse(outcome.value);
      return answer.ok ? { ok: true, value: answer.text } : failure(answer.message);
    },
    warmUp: pool.warmUp,
    [Symbol.asyncDispose]: async () => await pool[Symbol.asyncDispose](),
  };
};
