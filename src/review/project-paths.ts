import type { ReviewflowError } from "../base/errors.ts";

/** What the forge calls a project, or why that is not known now. */
export type ProjectPath =
  | { readonly kind: "known"; readonly path: string }
  | { readonly kind: "unknown"; readonly error: ReviewflowError };

/** The paths of projects by their ids, as the forge has them. */
export type ProjectPaths = {
  /** Never rejects for what the forge says or fails to say, and comes back within seconds. */
  readonly of: (projectId: number) => Promise<ProjectPath>;
};

/** Whether both name one project: no case of a path stands for another project. */
export const isSamePath = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
