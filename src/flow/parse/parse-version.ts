import { fileProblem, type ProblemList } from "./problems.ts";

/** The newest minor version of the DSL that we know: Dify 1.14 writes 0.6.0. */
const NEWEST_MINOR = 6;

/**
 * Checks the DSL's version. Files without one are old and count as 0.1.0, as in Dify. A newer minor
 * version is tried with a warning, since Dify changes the DSL compatibly within a major version.
 */
export const checkVersion = (stated: string | null | undefined, problems: ProblemList): string => {
  const version = stated === null || stated === undefined || stated === "" ? "0.1.0" : stated;
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.\d+.*)?$/.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    problems.errors.push(fileProblem("version", `"${version}" is no version of Dify's DSL, such as 0.6.0.`));
  } else if (Number(major) >= 1) {
    problems.errors.push(
      fileProblem("version", `The DSL's version ${version} is newer than what we know (0.${NEWEST_MINOR}).`),
    );
  } else if (Number(minor) > NEWEST_MINOR) {
    problems.warnings.push(
      fileProblem(
        "version",
        `The DSL's version ${version} is newer than 0.${NEWEST_MINOR}; new features may be missing here.`,
      ),
    );
  }
  return version;
};
