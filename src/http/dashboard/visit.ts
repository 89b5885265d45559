import type { Translate } from "../../messages/format-message.ts";
import type { Access } from "./access.ts";
import type { Session } from "./session.ts";

/** One request for a page: who asks, in which language, and what they sent. */
export type Visit = {
  readonly session: Session;
  /** What somebody finds who has not signed in. */
  readonly access: Access;
  /** The tag of the page's language, and its catalogue. */
  readonly language: string;
  readonly t: Translate;
  /** What every form of the page carries. */
  readonly formToken: string;
  /** The path with its query, to come back to. */
  readonly here: string;
  /** The fields of a form that was sent; empty otherwise. */
  readonly form: Readonly<Record<string, string>>;
  readonly nowMs: number;
};

/** What Hono keeps for one request to the dashboard. */
export type DashboardEnv = { readonly Variables: { readonly visit: Visit } };

/** Where the dashboard lives. */
export const BASE = "/dashboard";

/** A path of ours to go back to, from a text that a browser sent; the overview for anything else. */
export const safeReturn = (path: string | undefined): string =>
  path !== undefined && /^\/dashboard(?:[/?][\w\-./?=&%]*)?$/.test(path) && !path.includes("//")
    ? path
    : BASE;
