import type { NewRunEvent } from "../../store/run-event.ts";
import { safeLine } from "./safe-text.ts";

/** How many files are named; the others are counted. */
const MOST_NAMED = 3;

const VERBS = {
  main: "review",
  pass: "further pass over",
  verify: "verify findings in",
  summary: "sum up",
  reply: "answer in",
};

/**
 * Tells what a review is at, a line for each call of a flow that begins or ends. `write` gets whole lines
 * that are safe for a terminal.
 */
export const tellProgress = (write: (text: string) => void): ((event: NewRunEvent) => void) => {
  const calls = new Map<string, string>();
  return (event) => {
    if (event.kind === "call-started") {
      const { files, fileCount, part } = event;
      const named = files.slice(0, MOST_NAMED).map(safeLine).join(", ");
      const more = fileCount > MOST_NAMED ? ` and ${fileCount - MOST_NAMED} more` : "";
      const label = `${VERBS[part.role]} ${named}${more}`;
      calls.set(event.callId, label);
      write(`${label} …\n`);
    }
    if (event.kind === "call-finished") {
      const label = calls.get(event.callId) ?? "a call";
      const seconds = (event.elapsedMs / 1000).toFixed(1);
      const how = event.status === "succeeded" ? "done" : event.status;
      write(`${label}: ${how} in ${seconds} s\n`);
    }
  };
};
