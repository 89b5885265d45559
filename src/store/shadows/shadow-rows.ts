import { parseJson } from "../../base/json.ts";
import { ShadowFigures } from "../../review/shadow/shadow-report.ts";
import { readReason } from "../run-rows.ts";
import type { Row } from "../tables.ts";
import type { CandidateStanding, ShadowRun } from "./shadow-store.ts";

/** How a candidate stands. */
export const toStanding = ({ since, chosenAt, ...row }: Row<"shadowCandidates">): CandidateStanding => ({
  ...row,
  sinceMs: since,
  chosenAtMs: chosenAt,
});

/** The columns of a ShadowRun. */
export const SHADOW_COLUMNS = [
  "id",
  "runId",
  "flow",
  "candidate",
  "projectId",
  "projectPath",
  "iid",
  "headSha",
  "state",
  "reasonCode",
  "reasonParams",
  "attempts",
  "createdAt",
  "finishedAt",
  "figures",
] as const satisfies readonly (keyof Row<"shadowRuns">)[];

/** A shadow run, without its report. Figures that another version wrote otherwise are left out. */
export const toShadow = ({
  createdAt,
  finishedAt,
  figures,
  reasonCode,
  reasonParams,
  ...row
}: Pick<Row<"shadowRuns">, (typeof SHADOW_COLUMNS)[number]>): ShadowRun => ({
  ...row,
  reason: reasonCode === null ? null : readReason(reasonCode, reasonParams),
  createdAtMs: createdAt,
  finishedAtMs: finishedAt,
  figures: figures === null ? null : (ShadowFigures.safeParse(parseJson(figures)).data ?? null),
});
