import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import type { Secret } from "../../base/secret.ts";
import type { SessionStore } from "../../store/sessions.ts";

/** A browser that we know again. Times are in milliseconds since the epoch. */
export type Session = {
  /** Random; the tokens of forms are bound to it. */
  readonly id: string;
  /** Who has signed in, such as `admin` or `gitlab:ada`; null for nobody. */
  readonly user: string | null;
  readonly endsAtMs: number;
};

const Session: z.ZodType<Session> = z.object({
  id: z.string().min(16),
  user: z.string().nullable(),
  endsAtMs: z.number(),
});

/** Sessions that live in the browser alone, signed so that nobody else can make one. */
export type Sessions = {
  readonly start: (user: string | null, nowMs: number) => Session;
  /** The session as the text of a cookie. */
  readonly seal: (session: Session) => string;
  /** The session of a cookie; null when it is not ours, was changed or is over. */
  readonly open: (cookie: string | undefined, nowMs: number) => Promise<Session | null>;
  /** Whether it has ended by time or was ended, in whichever browser. Throws what the store throws. */
  readonly isOver: (session: Session, nowMs: number) => Promise<boolean>;
  /** Ends it in every browser that has its cookie. */
  readonly end: (session: Session) => Promise<void>;
  /** A text that nobody else can make: it binds `text` to this session, for one purpose. */
  readonly proof: (session: Session, purpose: string, text: string) => string;
  /** Compares in constant time. */
  readonly isProof: (session: Session, purpose: string, text: string, candidate: string) => boolean;
};

/** Somebody who has not signed in gets a session for the sake of the form tokens alone. */
const UNSIGNED_MS = 86_400_000;
const LONGEST_COOKIE = 2_048;

/**
 * Sessions signed with the store's random key, so that no cookie tells anything of `secret`, and with `secret`,
 * so that a copy of the store alone makes none: they outlive a restart, hold for all instances of a store, and
 * end when the secret is changed.
 */
export const createSessions = ({
  storeKey,
  secret,
  signedInMs,
  store,
}: {
  readonly storeKey: Uint8Array;
  /** The admin token, else what GitLab's sign-in is done with; null for none. */
  readonly secret: Secret | null;
  readonly signedInMs: number;
  readonly store: Pick<SessionStore, "end" | "isEnded">;
}): Sessions => {
  const key = Buffer.from(
    hkdfSync("sha256", storeKey, secret?.reveal() ?? "", "reviewflow dashboard session", 32),
  );
  const sign = (purpose: string, text: string): Buffer =>
    createHmac("sha256", key).update(`${purpose}\n${text}`).digest();
  const isSigned = (purpose: string, text: string, signature: string): boolean => {
    const given = Buffer.from(signature, "base64url");
    const right = sign(purpose, text);
    return given.length === right.length && timingSafeEqual(given, right);
  };
  /** Who has not signed in has nothing to lose, and is not asked about at every page. */
  const isOver: Sessions["isOver"] = async ({ id, user, endsAtMs }, nowMs) =>
    endsAtMs <= nowMs || (user !== null && (await store.isEnded(id)));
  return {
    isOver,
    end: async ({ id, user, endsAtMs }) => {
      if (user !== null) await store.end(id, endsAtMs);
    },
    start: (user, nowMs) => ({
      id: randomBytes(18).toString("base64url"),
      user,
      endsAtMs: nowMs + (user === null ? UNSIGNED_MS : signedInMs),
    }),
    seal: (session) => {
      const text = Buffer.from(JSON.stringify(session)).toString("base64url");
      return `${text}.${sign("session", text).toString("base64url")}`;
    },
    open: async (cookie, nowMs) => {
      const [text, signature, ...rest] = (cookie ?? "").slice(0, LONGEST_COOKIE).split(".");
      if (text === undefined || signature === undefined || rest.length > 0) return null;
      if (!isSigned("session", text, signature)) return null;
      const parsed = Session.safeParse(parseJson(Buffer.from(text, "base64url").toString()));
      return parsed.success && !(await isOver(parsed.data, nowMs)) ? parsed.data : null;
    },
    proof: ({ id }, purpose, text) => sign(purpose, `${id}\n${text}`).toString("base64url"),
    isProof: ({ id }, purpose, text, candidate) => isSigned(purpose, `${id}\n${text}`, candidate),
  };
};
