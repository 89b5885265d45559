const START = "<!-- reviewflow:description -->";
const END = "<!-- reviewflow:description end -->";

/**
 * A merge request's description with our proposal, harmless Markdown, between two hidden lines: in the place
 * of the one before, or behind what is there. What people wrote outside of them stays as it is,
 * also where one of the lines was lost: only two that follow one another belong together.
 */
export const putDescription = (description: string, markdown: string): string => {
  const block = `${START}\n${markdown}\n${END}`;
  const first = description.indexOf(START);
  const to = first === -1 ? -1 : description.indexOf(END, first);
  const from = to === -1 ? -1 : description.lastIndexOf(START, to);
  if (to !== -1) return description.slice(0, from) + block + description.slice(to + END.length);
  return description.trim() === "" ? block : `${description.trimEnd()}\n\n${block}`;
};
