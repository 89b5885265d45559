import {
  ConfigError,
  describeError,
  DifyError,
  inEnglish,
  isRetryable,
  messageOfError,
  problemAt,
} from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Message } from "../messages/message.ts";
import { checkInputs } from "../review/check-inputs.ts";
import { checkReplyFlow } from "../worker/conversation/check-reply-flow.ts";
import { checkFindingsFlow } from "../worker/findings/check-findings-flow.ts";
import type { ReviewFlow } from "../worker/review-flow.ts";

/** How long the start waits for a flow's server before it goes on without the check. */
const CHECK_TIMEOUT_MS = 2_000;

/**
 * Compares what the flows declare with what is configured; throws a ConfigError with everything that
 * does not fit. A server that cannot be reached now, or that refuses, does not keep us from taking deliveries: their
 * runs wait for it.
 */
export const checkFlows = async (flows: readonly ReviewFlow[], logger: Logger): Promise<void> => {
  const problems = await Promise.all(flows.map((flow) => checkFlow(flow, logger)));
  if (problems.flat().length > 0) throw new ConfigError(problems.flat());
};

const checkFlow = async (flow: ReviewFlow, logger: Logger): Promise<readonly Message[]> => {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  try {
    const answering = await checkReplyFlow(flow, signal);
    if (flow.contract === "findings") return [...(await checkFindingsFlow(flow, signal)), ...answering];
    const { errors, warnings } = checkInputs(flow.name, await flow.runner.describe(signal), flow.inputs);
    for (const warning of warnings)
      logger.warn({ flow: flow.name, warning: inEnglish(warning) }, "Flow input not used");
    return [...errors, ...answering];
  } catch (error) {
    if (!isRetryable(error) && !signal.aborted && !(error instanceof DifyError))
      return [problemAt(`flows.${flow.name}`, messageOfError(error))];
    logger.warn({ flow: flow.name, error: describeError(error) }, "Flow could not be checked yet");
    return [];
  }
};
