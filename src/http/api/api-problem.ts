import type { Context } from "hono";

/** Answers that something is wrong, as the webhook does: a stable code and a sentence that says what to do. */
export const apiProblem = (
  context: Context,
  status: 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503,
  code: string,
  message: string,
): Response => context.json({ error: { code, message } }, status);
