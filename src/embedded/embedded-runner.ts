import { type Message, message } from "../messages/message.ts";
import { problemAt } from "../base/errors.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Secret } from "../base/secret.ts";
import type { FlowLimits } from "../flow/engine/limits.ts";
import { isMasked } from "../flow/engine/mask.ts";
import { runFlow } from "../flow/engine/run-flow.ts";
import type { Flow } from "../flow/flow.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type { FlowPorts } from "../flow/node.ts";
import type { KnowledgeSearch, ToolRunner } from "../flow/ports.ts";
import type { FlowInput, FlowRunner } from "../review/flow-runner.ts";
import { createMasking, secretInputs } from "../review/mask-events.ts";
import { createRunObserver } from "../review/observe-run.ts";
import { sealJournal } from "./sealed-journal.ts";

/** A workflow file and what it runs on. */
export type EmbeddedRunnerOptions = {
  readonly flow: Flow;
  /** Shared by all flows of the server; whoever made them ends them. */
  readonly ports: Omit<FlowPorts, "tools">;
  /** The tools of a run, which run on the run's own ports. */
  readonly tools: (ports: Omit<FlowPorts, "tools">) => ToolRunner;
  /** The knowledge of a run that knows what people taught the reviewer; left out where flows have no use for it. */
  readonly withLessons?: (knowledge: KnowledgeSearch, lessons: string) => KnowledgeSearch;
  /** The values of the file's secret environment variables, by name. */
  readonly secrets?: ReadonlyMap<string, Secret>;
  /** Dify's when left out. */
  readonly limits?: Partial<FlowLimits>;
  readonly clock?: Clock;
  /** What the user's name starts with, as a flow sees it; our run's id follows. */
  readonly userPrefix?: string;
};

/** The inputs that a flow declares. A field that only a Dify extension can fill is none of them. */
const declaredInputs = (flow: Flow): readonly FlowInput[] =>
  flow.inputs.flatMap(({ variable: name, type, required, max_length: maxLength, options }) =>
    type === "external_data_tool" ? [] : [{ name, type, required, maxLength, options }],
  );

/**
 * A FlowRunner that runs the workflow file in this process. Finished nodes are in the journal, so that a
 * run which is taken up after a crash, or tried again after a transient failure, goes on behind them. A failed flow is an outcome; FlowError is
 * thrown when inputs or secrets do not fit. Values of inputs that are named like secrets reach the nodes
 * and nothing else: neither events nor outcomes nor the journal.
 */
export const createEmbeddedRunner = (options: EmbeddedRunnerOptions): FlowRunner => {
  const { flow, limits, clock = systemClock, userPrefix = "reviewflow" } = options;
  const secrets = options.secrets ?? new Map<string, Secret>();
  return {
    describe: async (signal) => {
      signal?.throwIfAborted();
      return declaredInputs(flow);
    },
    run: async (request) => {
      request.signal.throwIfAborted();
      const masking = createMasking(request.inputs);
      const revealed = new Map([...secrets].map(([name, secret]) => [name, secret.reveal()]));
      const journal = await sealJournal(
        request.journal,
        new Map([...secretInputs(request.inputs), ...[...revealed].filter(([, text]) => isMasked(text))]),
      );
      const observer = createRunObserver();
      const result = await runFlow(flow, {
        inputs: request.inputs,
        ports: portsOf(options, request.lessons ?? ""),
        journal,
        signal: request.signal,
        onEvent: (event) => {
          const shown = masking.event(event);
          observer.see(shown);
          request.onEvent(shown);
        },
        clock,
        secrets,
        userId: `${userPrefix}-${request.runId}`,
        ...(limits === undefined ? {} : { limits }),
      });
      const { status, error, usage, cause = {} } = result;
      const ended = {
        status,
        usage,
        outputs: masking.value(result.outputs),
        error: error === null ? null : masking.message(error),
      };
      const outcome = observer.complete(ended, cause);
      if (outcome.transient === undefined) return outcome;
      // A new try goes on behind the nodes that have finished, and counts what they took.
      return { ...outcome, usage: NO_USAGE, transient: { ...outcome.transient, mayHavePosted: false } };
    },
  };
};

const portsOf = (
  { ports, tools, withLessons }: Pick<EmbeddedRunnerOptions, "ports" | "tools" | "withLessons">,
  lessons: string,
): FlowPorts => {
  const own = {
    ...ports,
    ...(withLessons === undefined ? {} : { knowledge: withLessons(ports.knowledge, lessons) }),
  };
  return { ...own, tools: tools(own) };
};

/** What a flow lacks among the secrets that it is given, with the setting of each. */
export const missingSecrets = (
  needed: readonly string[],
  given: ReadonlyMap<string, Secret>,
  setting: string,
): readonly Message[] =>
  needed
    .filter((name) => !given.has(name))
    .map((name) => problemAt(`${setting}.${name}`, message("flow.secret-missing")));
