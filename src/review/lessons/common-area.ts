/**
 * The narrowest simple glob over some files: the folder that all of them are in, with their ending where it
 * is the same; a single file stands for its folder.
 */
export const commonArea = (paths: readonly string[]): string => {
  const folders = paths.map((path) => path.split("/").slice(0, -1));
  const [first = [], ...others] = folders;
  const differs = first.findIndex((part, at) => others.some((folder) => folder[at] !== part));
  const shared = differs === -1 ? first : first.slice(0, differs);
  const endings = new Set(paths.map(endingOf));
  const [ending = ""] = endings;
  const name = endings.size === 1 && ending !== "" ? `*${ending}` : "*";
  return [...shared, "**", name].join("/").replace(/\*\*\/\*$/u, "**");
};

/** The ending of a file's name with its dot; none for names without one and for hidden files. */
const endingOf = (path: string): string => /[^/](\.[\w-]{1,16})$/u.exec(path)?.[1] ?? "";
