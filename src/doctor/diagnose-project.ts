import { message } from "../messages/message.ts";
import { roleOfLevel } from "../review/commands/may-command.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** GitLab's number of the role Developer. */
const DEVELOPER = 30;

/** What is known of a project besides its hooks. */
export type ProjectFacts = {
  readonly path: string;
  readonly hasMergeRequests: boolean;
  /** The flow that the configuration has for it, null for none. */
  readonly flow: string | null;
  /** The role of the token's user there, 0 for none; null where no token of ours writes (token pass-through). */
  readonly accessLevel: number | null;
  readonly tokenName: string;
};

/** Diagnoses whether a project can be reviewed: merge requests, a flow that is for it, and the role of our user. */
export const diagnoseProject = (facts: ProjectFacts): readonly Diagnosis[] => {
  const { path, hasMergeRequests, flow } = facts;
  return [
    ...(facts.accessLevel === null ? [] : [diagnoseRole(facts, facts.accessLevel)]),
    hasMergeRequests
      ? ok("project-merge-requests", message("doctor.project.merge-requests.ok", { path }))
      : fail(
          "project-merge-requests",
          message("doctor.project.merge-requests.off", { path }),
          message("doctor.project.merge-requests.off.fix"),
        ),
    flow === null
      ? fail(
          "project-flow",
          message("doctor.project.flow.none", { path }),
          message("doctor.project.flow.none.fix"),
        )
      : ok("project-flow", message("doctor.project.flow.ok", { path, flow })),
  ];
};

const diagnoseRole = ({ path, tokenName: token }: ProjectFacts, level: number): Diagnosis => {
  const check = "project-role";
  const role = roleOfLevel(level);
  const facts = { token, path, role: message(`role.${role}`) };
  if (level >= DEVELOPER) return ok(check, message("doctor.project.role.ok", facts));
  return fail(
    check,
    role === "none"
      ? message("doctor.project.role.none", { token, path })
      : message("doctor.project.role.low", facts),
    message("doctor.project.role.fix", { path, token }),
  );
};

/** An open merge request from a fork, and whether GitLab shows our status at its head. */
export type ForkStatus = { readonly iid: number; readonly isSet: boolean };

/**
 * Diagnoses the commit status at heads of forks, which are in no branch of the project: it goes to the reference that
 * GitLab keeps for the merge request, and is shown at the commit alone.
 */
export const diagnoseForkStatus = (facts: {
  readonly path: string;
  readonly flow: string;
  readonly fork: ForkStatus | null;
}): Diagnosis => {
  const check = "commit-status";
  const { path, flow, fork } = facts;
  if (fork === null) return ok(check, message("doctor.status.no-fork", { path, flow }));
  const { iid } = fork;
  return fork.isSet
    ? ok(check, message("doctor.status.fork", { path, flow, iid }))
    : warn(
        check,
        message("doctor.status.fork-without", { path, flow, iid }),
        message("doctor.status.fork-without.fix", { iid }),
      );
};
