import { z } from "zod";
import type { Database, Sql } from "./database.ts";
import { endRuns } from "./end-runs.ts";
import { NOW } from "./lease.ts";
import { lockMergeRequests, mergeRequestKey } from "./locks.ts";
import { SUPERSEDED } from "./plan-accept.ts";
import { HANDLE_COLUMNS, RunHandle } from "./schema.ts";
import { newerWaits, requeue } from "./settle.ts";

/**
 * A run that lost its worker this often is given up: it probably is what ends the workers. Apart from
 * failed attempts, since a process that is restarted says nothing about the run.
 */
const MAX_LOSSES = 20;

const LOST = `SELECT ${HANDLE_COLUMNS} FROM reviewflow.runs WHERE state = 'active' AND held_until <= ${NOW}`;

/** Takes up active runs whose lease has expired, each in a transaction of its own. */
export const takeUpLostRuns = async (database: Database, nowMs: number): Promise<void> => {
  for (const run of z.array(RunHandle).parse(await database.query(`${LOST} ORDER BY seq`)))
    await database.transaction(async (tx) => {
      await lockMergeRequests(tx, [mergeRequestKey(run)]);
      // Its worker may have renewed it meanwhile, or another process was quicker.
      const rows = await tx.query(`${LOST} AND id = $1 FOR UPDATE`, [run.id]);
      for (const lost of z.array(RunHandle).parse(rows)) await takeUp(tx, lost, nowMs);
    });
};

const takeUp = async (tx: Sql, run: RunHandle, nowMs: number): Promise<void> => {
  const isNewerWaiting = await newerWaits(tx, run);
  const ending =
    run.cancelReason !== null && !(run.cancelReason === SUPERSEDED && isNewerWaiting)
      ? ({ state: "cancelled", reason: run.cancelReason, reasonCode: null } as const)
      : isNewerWaiting
        ? ({ state: "superseded", reason: SUPERSEDED, reasonCode: null } as const)
        : run.losses + 1 >= MAX_LOSSES
          ? ({ state: "failed", reason: GIVEN_UP, reasonCode: "worker-lost" } as const)
          : null;
  if (ending !== null) return endRuns(tx, [{ ...ending, id: run.id }], nowMs);
  await requeue(tx, run.id, "queued", null);
  await tx.query("UPDATE reviewflow.runs SET losses = losses + 1 WHERE id = $1", [run.id]);
};

const GIVEN_UP = `The process that worked on this run ended ${MAX_LOSSES} times before it could finish.`;
