import { findMention } from "./mention.ts";
import { spokenLines } from "./spoken-lines.ts";

/**
 * Whether a note speaks to the bot anywhere in what its author says: code and quotes do not count. The
 * name is compared as GitLab does, without regard to case.
 */
export const isMentioned = (note: string, botUsername: string): boolean =>
  findMention(note, botUsername) !== null &&
  spokenLines(note).some(({ text }) => findMention(text.replace(/`[^`]*`/g, " "), botUsername) !== null);
