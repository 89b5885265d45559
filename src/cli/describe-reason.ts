import type { Reason } from "../base/reason.ts";
import { reasonInFull } from "../messages/format-message.ts";

/** A reason for a terminal, with its code. */
export const describeReason = (reason: Reason): string => `${reasonInFull("en", reason)} (${reason.code})`;
