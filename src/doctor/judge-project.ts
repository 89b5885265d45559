import { type Diagnosis, fail, ok } from "./diagnosis.ts";

/** GitLab's number of the role Developer. */
const DEVELOPER = 30;

const ROLES: readonly (readonly [level: number, name: string])[] = [
  [50, "Owner"],
  [40, "Maintainer"],
  [30, "Developer"],
  [20, "Reporter"],
  [15, "Planner"],
  [10, "Guest"],
  [5, "Minimal access"],
];

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

/** Judges whether a project can be reviewed: merge requests, a flow that is for it, and the role of our user. */
export const judgeProject = (facts: ProjectFacts): readonly Diagnosis[] => {
  const { path, hasMergeRequests, flow } = facts;
  return [
    ...(facts.accessLevel === null ? [] : [judgeRole(facts, facts.accessLevel)]),
    hasMergeRequests
      ? ok("project-merge-requests", `${path} has merge requests`)
      : fail(
          "project-merge-requests",
          `${path} has merge requests turned off`,
          "Turn them on in the project: Settings → General → Visibility, project features, permissions",
        ),
    flow === null
      ? fail(
          "project-flow",
          `No flow is for ${path}; its events are passed over`,
          "Add its path or a glob over it to flows[].projects in the configuration",
        )
      : ok("project-flow", `${path} is reviewed by the flow ${flow}`),
  ];
};

const judgeRole = ({ path, tokenName }: ProjectFacts, level: number): Diagnosis => {
  const check = "project-role";
  const role = ROLES.find(([least]) => level >= least)?.[1];
  if (level >= DEVELOPER) return ok(check, `The user of ${tokenName} is ${role} in ${path}`);
  return fail(
    check,
    role === undefined
      ? `The user of ${tokenName} is no member of ${path}`
      : `The user of ${tokenName} is only ${role} in ${path}`,
    `Make it Developer in ${path}: in the project under Manage → Members, or with a new access token of that role in ${tokenName}`,
  );
};
