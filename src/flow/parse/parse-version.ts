import { fileProblem, type ProblemList } from "./problems.ts";
import { flowMessage } from "../messages/message.ts";

/** The newest minor version of the DSL that we know: Dify 1.14 writes 0.6.0. */
const NEWEST_MINOR = 6;
const NEWEST = `0.${NEWEST_MINOR}`;

/**
 * Checks the DSL's version. Files without one are old and count as 0.1.0, as in Dify. A newer minor
 * version is tried with a warning, since Dify changes the DSL compatibly within a major version.
 */
export const checkVersion = (stated: string | null | undefined, problems: ProblemList): string => {
  const version = stated === null || stated === undefined || stated === "" ? "0.1.0" : stated;
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.\d+.*)?$/.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    problems.errors.push(fileProblem("version", flowMessage("flow.file.version-invalid", { version })));
  } else if (Number(major) >= 1) {
    problems.errors.push(
      fileProblem("version", flowMessage("flow.file.version-too-new", { version, newest: NEWEST })),
    );
  } else if (Number(minor) > NEWEST_MINOR) {
    problems.warnings.push(
      fileProblem("version", flowMessage("flow.file.version-newer", { version, newest: NEWEST })),
    );
  }
  return version;
};
