import type { Message } from "../messages/message.ts";

/** What one check found: passed, worth knowing, or in the way of reviews. */
export type Diagnosis =
  | { readonly level: "ok"; readonly check: string; readonly what: Message; readonly fix: null }
  | {
      readonly level: "warn" | "fail";
      /** The stable name of the check, in kebab-case. */
      readonly check: string;
      /** What was found; it holds no secret. */
      readonly what: Message;
      /** What to do about it. */
      readonly fix: Message;
    };

/** The check passed. */
export const ok = (check: string, what: Message): Diagnosis => ({ level: "ok", check, what, fix: null });

/** Reviews work, but something will or may not. */
export const warn = (check: string, what: Message, fix: Message): Diagnosis => ({
  level: "warn",
  check,
  what,
  fix,
});

/** Reviews do not work as they should. */
export const fail = (check: string, what: Message, fix: Message): Diagnosis => ({
  level: "fail",
  check,
  what,
  fix,
});
