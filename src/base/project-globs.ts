import picomatch from "picomatch";

/**
 * Whether a project is among those that a secret is for. `globs` null means all of them; an empty list
 * means none. Paths are compared without regard to case, as GitLab does; a single star stays within one
 * segment, two stars cross groups.
 */
export const isProjectAllowed = (globs: readonly string[] | null, projectPath: string): boolean => {
  if (globs === null) return true;
  if (projectPath === "") return false;
  return globs.some((glob) => picomatch.isMatch(projectPath, glob, { nocase: true, dot: true }));
};
