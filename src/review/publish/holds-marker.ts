import { fromMarkdown } from "mdast-util-from-markdown";
import { visit } from "unist-util-visit";

/**
 * Whether a note of ours carries one of our hidden markers, or the beginning of one: as HTML that nobody sees, which
 * no text of others in it ever is. In code a marker is only shown.
 */
export const holdsMarker = (body: string, marker: string): boolean => {
  if (marker === "" || !body.includes(marker)) return false;
  if (body.startsWith(marker)) return true;
  let isHeld = false;
  visit(fromMarkdown(body), "html", ({ value }) => {
    isHeld ||= value.includes(marker);
  });
  return isHeld;
};
