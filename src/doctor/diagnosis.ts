/** What one look found: all right, worth knowing, or in the way of reviews. */
export type Diagnosis =
  | { readonly level: "ok"; readonly check: string; readonly what: string; readonly mend: null }
  | {
      readonly level: "warn" | "fail";
      /** The stable name of the check, in kebab-case. */
      readonly check: string;
      /** What was found, in a sentence that holds no secret. */
      readonly what: string;
      /** What to do about it. */
      readonly mend: string;
    };

/** All is right. */
export const ok = (check: string, what: string): Diagnosis => ({ level: "ok", check, what, mend: null });

/** Reviews work, but something will or may not. */
export const warn = (check: string, what: string, mend: string): Diagnosis => ({
  level: "warn",
  check,
  what,
  mend,
});

/** Reviews do not work as they should. */
export const fail = (check: string, what: string, mend: string): Diagnosis => ({
  level: "fail",
  check,
  what,
  mend,
});
