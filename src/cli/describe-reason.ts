import type { Reason } from "../base/reason.ts";
import { reasonInFull, type Translate, translator } from "../messages/format-message.ts";

/** A reason for a terminal, with what its source says in its own words and its code; in English without a language. */
export const describeReason = (reason: Reason, t: Translate = translator("en")): string =>
  `${reasonInFull(t, reason)} (${reason.code})`;
