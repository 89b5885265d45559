import type { Discussion } from "../discussion.ts";
import { maskSecrets } from "../units/mask-secrets.ts";

const MAX_NOTE_LENGTH = 4_000;
const MAX_LENGTH = 40_000;

/** A note as a model sees it: without hidden markers and secrets. */
export const showNote = (body: string): string =>
  maskSecrets(body.replaceAll(/<!--.*?-->/gs, "").trim())
    .text.slice(0, MAX_NOTE_LENGTH)
    .toWellFormed();

/**
 * A thread as JSON for a model, oldest note first, up to the note that is answered. When it is long, the
 * first note stays, and of the others the newest.
 */
export const renderThread = (
  { notes }: Discussion,
  { noteId, askerId }: { readonly noteId: number; readonly askerId: number },
): string => {
  const [first, ...others] = notes
    .filter(({ system, id }) => !system && id <= noteId)
    .map(({ author, ours, body }) => ({
      by: ours !== null ? "you" : author?.id === askerId ? "the one who asks" : "somebody else",
      text: showNote(body),
    }));
  if (first === undefined) return "[]";
  const kept: (typeof others)[number][] = [];
  let length = JSON.stringify(first).length;
  for (const note of others.toReversed()) {
    length += JSON.stringify(note).length + 1;
    if (length > MAX_LENGTH) break;
    kept.unshift(note);
  }
  return JSON.stringify([first, ...kept]);
};
