import type { NodeFailure } from "../flow/ports.ts";

/** Longest JSON text that a code node may return; Dify's checks of single outputs come after it. */
export const MAX_RESULT_CHARS = 8_000_000;

/** A failure of a code node under Dify's name for it. Code that failed once fails again: no retry. */
export const codeFailure = (message: string): NodeFailure => ({
  ok: false,
  errorType: "CodeExecutionError",
  message,
  retryable: false,
});
