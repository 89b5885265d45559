import type { NoticeTrouble } from "../store/notices/notice-store.ts";
import { type Message, message } from "../messages/message.ts";
import { type Diagnosis, ok, warn } from "./diagnosis.ts";

/** What the running server says of its channels, or why it says nothing. */
export type ServerNotices =
  | { readonly kind: "told"; readonly troubled: readonly NoticeTrouble[] }
  | { readonly kind: "unknown"; readonly problem: Message };

/** Diagnoses whether operators hear of what they should know. Reviews go on without. */
export const diagnoseNotices = (notices: ServerNotices): readonly Diagnosis[] => {
  const check = "notices";
  if (notices.kind === "unknown")
    return [
      warn(
        check,
        message("doctor.notices.unknown", { message: notices.problem }),
        message("doctor.notices.unknown.fix"),
      ),
    ];
  if (notices.troubled.length === 0) return [ok(check, message("doctor.notices.ok"))];
  return notices.troubled.map(({ label: channel, waiting, lost, sinceMs: since, problem: reason }) =>
    warn(
      check,
      message("doctor.notices.undelivered", { channel, waiting, lost, since, reason }),
      message("doctor.notices.undelivered.fix"),
    ),
  );
};
