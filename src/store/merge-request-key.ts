import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** A merge request within the whole of GitLab. */
export type MergeRequestKey = { readonly projectId: number; readonly iid: number };

/** One text per merge request. */
export const mergeRequestKey = (ref: MergeRequestKey): string => `${ref.projectId}!${ref.iid}`;

/** The merge request behind a mergeRequestKey. */
const fromKey = (key: string): MergeRequestKey => {
  const [projectId = 0, iid = 0] = key.split("!").map(Number);
  return { projectId, iid };
};

/** Whether a row belongs to one of these merge requests, by mergeRequestKey. */
export const isOfMergeRequests =
  (keys: readonly string[]) =>
  <Name extends "runs" | "reviewCache" | "findings">(
    eb: ExpressionBuilder<Tables, Name>,
  ): ExpressionWrapper<Tables, Name, SqlBool> =>
    eb.or(
      keys.map((key) => {
        const { projectId, iid } = fromKey(key);
        return sql<SqlBool>`(project_id = ${projectId} AND iid = ${iid})`;
      }),
    );
