import type { Translate } from "../../messages/format-message.ts";
import type { NewRunEvent } from "../../store/run-event.ts";
import { safeLine } from "./safe-text.ts";

/** How many files are named; the others are counted. */
const MOST_NAMED = 3;

/**
 * Tells what a review is at, a line for each call of a flow that begins or ends. `write` gets whole lines
 * that are safe for a terminal.
 */
export const tellProgress = (t: Translate, write: (text: string) => void): ((event: NewRunEvent) => void) => {
  const calls = new Map<string, { readonly part: string; readonly files: string }>();
  return (event) => {
    if (event.kind === "call-started") {
      const { fileCount: count, part } = event;
      const named = event.files.slice(0, MOST_NAMED).map(safeLine).join(", ");
      const more = count > MOST_NAMED ? ` ${t("live.more-files", { count: count - MOST_NAMED })}` : "";
      const call = { part: t(`flows.part.${part.role}`), files: `${named}${more}` };
      calls.set(event.callId, call);
      write(`${t("cli.review.started", call)}\n`);
    }
    if (event.kind === "call-finished") {
      const call = calls.get(event.callId) ?? { part: t("flows.part.main"), files: "" };
      const seconds = (event.elapsedMs / 1000).toFixed(1);
      write(`${t("cli.review.ended", { ...call, status: t(`live.call.${event.status}`), seconds })}\n`);
    }
  };
};
