import { isProjectAllowed } from "../base/project-globs.ts";
import type { Config, FlowConfig } from "./config.ts";

/** The flow that reviews a project: the first whose projects match its path, null when none does. */
export const flowFor = ({ flows }: Pick<Config, "flows">, projectPath: string): FlowConfig | null =>
  flows.find(({ projects }) => isProjectAllowed(projects, projectPath)) ?? null;
