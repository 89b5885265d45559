import type { MiddlewareHandler } from "hono";
import { maskValues } from "../base/mask-values.ts";
import type { Secret } from "../base/secret.ts";

/** What is shorter may be a word of a page, such as a key that a local model server takes whatever it is. */
const SHORTEST = 12;

/**
 * The last thing that is done to a page or an answer: no secret of the settings leaves in it, whoever put it into
 * the text that it shows. Streams are masked where their events are made.
 */
export const maskAnswers = (secrets: readonly Secret[]): MiddlewareHandler => {
  const mask = maskValues(secrets, SHORTEST);
  return async (context, next) => {
    await next();
    const { res } = context;
    if (!/^(?:text\/html|application\/json|image\/svg)/.test(res.headers.get("content-type") ?? "")) return;
    const text = await res.text();
    context.res = undefined;
    context.res = new Response(mask(text), { status: res.status, headers: res.headers });
  };
};
