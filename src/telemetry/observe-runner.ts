import type { FlowEvent } from "../flow/flow-event.ts";
import type { FlowRunner } from "../review/flow-runner.ts";
import { createFlowSpans } from "./flow-spans.ts";
import type { Metrics } from "./metrics.ts";
import type { Tracing } from "./tracing.ts";

/** A flow's runner that tells of its runs and their nodes; for its callers nothing changes. */
export const observeRunner = (
  flow: string,
  runner: FlowRunner,
  { metrics, tracing }: { readonly metrics: Metrics; readonly tracing: Tracing },
): FlowRunner => ({
  describe: runner.describe,
  run: (request) =>
    tracing.span({ name: "flow", attributes: { "reviewflow.flow": flow } }, async (span) => {
      const spans = createFlowSpans(span);
      const onEvent = (event: FlowEvent): void => {
        count(event, metrics);
        spans.see(event);
        request.onEvent(event);
      };
      try {
        const outcome = await runner.run({ ...request, onEvent });
        const { status, usage } = outcome;
        metrics.flowEnded({ flow, status, usage });
        span.set({ "reviewflow.flow.status": status, "reviewflow.flow.tokens": usage.totalTokens });
        if (status === "failed") span.end("flow-failed");
        return outcome;
      } finally {
        spans.end();
      }
    }),
});

/** A node whose outcome was in the journal has not run again. */
const count = (event: FlowEvent, metrics: Metrics): void => {
  if (event.event === "node_retry") metrics.nodeRetried(event.node);
  if (event.event !== "node_finished" || event.resumed === true) return;
  metrics.nodeEnded({ kind: event.node.nodeType, status: event.status, elapsedMs: event.elapsedMs });
};
