import type { ServerResponse } from "node:http";
import type { ChatRequest } from "./chat-request.ts";
import type { ModelFault } from "./faults.ts";

/** One request that was received; keys are never kept. */
export type ModelCall = {
  readonly path: string;
  /** The body as parsed, null when it was no JSON. */
  readonly body: unknown;
  /** The chat request, null for other paths and for what was refused. */
  readonly chat: ChatRequest | null;
  readonly hadKey: boolean;
  /** The answer's status, null while none was sent. */
  readonly status: number | null;
};

/** What the stand-in remembers: the calls it got and the faults it still has to play. */
export type CallRecord = ReturnType<typeof createCallRecord>;

/** An empty record. */
export const createCallRecord = () => {
  const calls: { call: ModelCall; response: ServerResponse }[] = [];
  const faults: ModelFault[] = [];
  return {
    open: (call: ModelCall, response: ServerResponse) => calls.push({ call, response }),
    accept: (chat: ChatRequest) => {
      const last = calls.at(-1);
      if (last !== undefined) last.call = { ...last.call, chat };
    },
    takeFault: (): ModelFault | null => faults.shift() ?? null,
    calls: (): readonly ModelCall[] =>
      calls.map(({ call, response }) => ({
        ...call,
        status: response.headersSent ? response.statusCode : null,
      })),
    fail: (...more: readonly ModelFault[]) => void faults.push(...more),
    reset: () => {
      calls.length = 0;
      faults.length = 0;
    },
  };
};
