/** What was decided about a candidate; null while it is compared. */
export type ShadowChoice = "promoted" | "dropped";

/** What people can do about a candidate. */
export const SHADOW_ACTIONS = ["promote", "drop", "undo"] as const;
export type ShadowAction = (typeof SHADOW_ACTIONS)[number];

/** What an action means: the choice that holds from now on, or why there is none. */
export type ShadowDecision =
  | { readonly kind: "set"; readonly choice: ShadowChoice | null }
  | {
      readonly kind: "refused";
      readonly code: "shadow-unknown" | "shadow-promoted" | "shadow-nothing-to-undo" | "shadow-unchanged";
    };

/**
 * Decides what an action does. A candidate that is not configured cannot be promoted: nobody could run it.
 * One that is promoted is taken back before it is dropped, so that nobody changes two things at once.
 */
export const decideChoice = (
  action: ShadowAction,
  { isConfigured, choice }: { readonly isConfigured: boolean; readonly choice: ShadowChoice | null },
): ShadowDecision => {
  if (!isConfigured) return { kind: "refused", code: "shadow-unknown" };
  if (action === "undo")
    return choice === null
      ? { kind: "refused", code: "shadow-nothing-to-undo" }
      : { kind: "set", choice: null };
  if (action === "promote")
    return choice === "promoted"
      ? { kind: "refused", code: "shadow-unchanged" }
      : { kind: "set", choice: "promoted" };
  if (choice === "promoted") return { kind: "refused", code: "shadow-promoted" };
  return choice === "dropped"
    ? { kind: "refused", code: "shadow-unchanged" }
    : { kind: "set", choice: "dropped" };
};
