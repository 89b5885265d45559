import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import { ShadowFigures } from "../../review/shadow/shadow-report.ts";
import { Whole } from "../schema.ts";
import type { CandidateStanding, ShadowRun } from "./shadow-store.ts";

/** A row of `shadow_candidates`. */
export const StandingRow = z
  .object({
    flow: z.string(),
    candidate: z.string(),
    since: Whole,
    choice: z.enum(["promoted", "dropped"]).nullable(),
    chosen_at: Whole.nullable(),
    chosen_by: z.string().nullable(),
  })
  .transform((row): CandidateStanding => ({
    flow: row.flow,
    candidate: row.candidate,
    sinceMs: row.since,
    choice: row.choice,
    chosenAtMs: row.chosen_at,
    chosenBy: row.chosen_by,
  }));

/** The columns of StandingRow. */
export const STANDING_COLUMNS = "flow, candidate, since, choice, chosen_at, chosen_by";

/** Figures that another version wrote otherwise are not shown. */
const figuresText = z
  .string()
  .nullable()
  .transform((text) => (text === null ? null : (ShadowFigures.safeParse(parseJson(text)).data ?? null)));

/** A row of `shadow_runs`, without its report. */
export const ShadowRow = z
  .object({
    id: z.string(),
    run_id: z.string(),
    flow: z.string(),
    candidate: z.string(),
    project_id: Whole,
    project_path: z.string(),
    iid: Whole,
    head_sha: z.string().nullable(),
    state: z.enum(["queued", "active", "done", "failed", "skipped"]),
    reason: z.string().nullable(),
    attempts: z.number(),
    created_at: Whole,
    finished_at: Whole.nullable(),
    figures: figuresText,
  })
  .transform((row): ShadowRun => ({
    id: row.id,
    runId: row.run_id,
    flow: row.flow,
    candidate: row.candidate,
    projectId: row.project_id,
    projectPath: row.project_path,
    iid: row.iid,
    headSha: row.head_sha,
    state: row.state,
    reason: row.reason,
    attempts: row.attempts,
    createdAtMs: row.created_at,
    finishedAtMs: row.finished_at,
    figures: row.figures,
  }));

/** The columns of ShadowRow. */
export const SHADOW_COLUMNS =
  "id, run_id, flow, candidate, project_id, project_path, iid, head_sha, state, reason, attempts, created_at, " +
  "finished_at, figures";
