import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./answers.ts";

/** A request that is none of the API: somebody's browser asks for a page. */
export type PageRequest = {
  readonly method: string;
  /** Path and query; the host is in the headers. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** Answers requests for pages; null where there is no such page. */
export type PageHandler = (request: PageRequest) => Promise<Answer | null>;

/** Whoever shows pages at the stand-in's address; nobody at first. */
export type PageShelf = {
  readonly show: (handler: PageHandler) => void;
  readonly answer: PageHandler;
};

/** A shelf without pages. */
export const createPageShelf = (): PageShelf => {
  let handler: PageHandler | null = null;
  return {
    show: (shown) => {
      handler = shown;
    },
    answer: async (request) => handler?.(request) ?? null,
  };
};
