import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import type { Database, Sql } from "./database.ts";

/**
 * The schema's history; an entry that was released is never changed, a new one is put behind it.
 * Values of JSON are text: jsonb refuses U+0000, which diffs and model answers do contain. Times are
 * milliseconds since the epoch. `seq` is the order of arrival.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE reviewflow.deliveries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    event_name text NOT NULL,
    received_at bigint NOT NULL,
    project_id bigint,
    project_path text,
    iid bigint,
    headers text NOT NULL,
    decision text NOT NULL,
    reason text NOT NULL,
    run_id uuid,
    repeats integer NOT NULL DEFAULT 0
  );
  CREATE TABLE reviewflow.delivery_bodies (
    delivery_id uuid PRIMARY KEY REFERENCES reviewflow.deliveries (id) ON DELETE CASCADE,
    encoding text NOT NULL,
    bytes bytea NOT NULL
  );
  ALTER TABLE reviewflow.delivery_bodies ALTER COLUMN bytes SET STORAGE EXTERNAL;
  CREATE TABLE reviewflow.runs (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    delivery_id uuid NOT NULL REFERENCES reviewflow.deliveries (id),
    project_id bigint NOT NULL,
    project_path text NOT NULL,
    iid bigint NOT NULL,
    head_sha text,
    flow text NOT NULL,
    trigger text NOT NULL,
    state text NOT NULL,
    reason text,
    reason_code text,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    next_attempt_at bigint,
    event text NOT NULL,
    result text NOT NULL DEFAULT 'null',
    usage text NOT NULL,
    job_id uuid,
    claim_id uuid,
    cancel_reason text
  );
  CREATE UNIQUE INDEX runs_one_waiting ON reviewflow.runs (project_id, iid) WHERE state IN ('queued', 'retrying');
  CREATE UNIQUE INDEX runs_one_active ON reviewflow.runs (project_id, iid) WHERE state = 'active';
  CREATE UNIQUE INDEX runs_job ON reviewflow.runs (job_id) WHERE job_id IS NOT NULL;
  CREATE INDEX runs_merge_request ON reviewflow.runs (project_id, iid, seq);
  CREATE INDEX runs_state ON reviewflow.runs (state, seq);
  CREATE TABLE reviewflow.steps (
    run_id uuid NOT NULL REFERENCES reviewflow.runs (id) ON DELETE CASCADE,
    key text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    value text NOT NULL,
    PRIMARY KEY (run_id, key)
  );
  CREATE TABLE reviewflow.run_tokens (
    run_id uuid PRIMARY KEY REFERENCES reviewflow.runs (id) ON DELETE CASCADE,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL
  );
  `,
  `
  CREATE TABLE reviewflow.flow_memory (
    project_id bigint NOT NULL,
    iid bigint NOT NULL,
    flow text NOT NULL,
    key text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    value text NOT NULL,
    used_at bigint NOT NULL,
    PRIMARY KEY (project_id, iid, flow, key)
  );
  CREATE INDEX flow_memory_used ON reviewflow.flow_memory (used_at);
  CREATE INDEX deliveries_merge_request ON reviewflow.deliveries (project_id, iid, seq);
  `,
  `
  CREATE TABLE reviewflow.run_events (
    run_id uuid NOT NULL REFERENCES reviewflow.runs (id) ON DELETE CASCADE,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    stored_at bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (run_id, seq)
  );
  CREATE INDEX run_events_stored ON reviewflow.run_events (stored_at);
  `,
  `
  CREATE TABLE reviewflow.turns (
    name text PRIMARY KEY,
    holder uuid,
    held_until bigint NOT NULL DEFAULT 0,
    ended_at bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'null'
  );
  -- Whether the reason that a run failed or was cancelled for may pass by itself.
  ALTER TABLE reviewflow.runs ADD COLUMN passing boolean NOT NULL DEFAULT false;
  `,
  `
  -- A merge request has one review at a time, and next to it answers to notes, one after the other.
  ALTER TABLE reviewflow.runs ADD COLUMN kind text NOT NULL DEFAULT 'review';
  DROP INDEX reviewflow.runs_one_waiting;
  DROP INDEX reviewflow.runs_one_active;
  CREATE UNIQUE INDEX runs_one_waiting ON reviewflow.runs (project_id, iid)
    WHERE state IN ('queued', 'retrying') AND kind = 'review';
  CREATE UNIQUE INDEX runs_one_active ON reviewflow.runs (project_id, iid, kind) WHERE state = 'active';
  CREATE INDEX flow_memory_paused ON reviewflow.flow_memory (project_id, iid) WHERE key = 'paused';
  `,
  `
  -- When a project last had its turn: the higher, the later.
  CREATE TABLE reviewflow.project_turns (
    project_id bigint PRIMARY KEY,
    turn bigint NOT NULL
  );
  -- What is left of a rate limit, and until when nobody may call. Times are the database's.
  CREATE TABLE reviewflow.rate_limits (
    name text PRIMARY KEY,
    permits double precision NOT NULL DEFAULT 0,
    counted_at bigint NOT NULL DEFAULT 0,
    not_before bigint NOT NULL DEFAULT 0
  );
  `,
  `
  -- What people made of findings. Findings are kept apart: the memory of a flow goes with its merge request.
  CREATE TABLE reviewflow.raised_findings (
    project_id bigint NOT NULL,
    iid bigint NOT NULL,
    flow text NOT NULL,
    fingerprint text NOT NULL,
    path text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    head_sha text NOT NULL,
    raised_at bigint NOT NULL,
    looked_at bigint,
    PRIMARY KEY (project_id, iid, flow, fingerprint)
  );
  CREATE INDEX raised_findings_age ON reviewflow.raised_findings (raised_at);
  CREATE TABLE reviewflow.outcomes (
    project_id bigint NOT NULL,
    iid bigint NOT NULL,
    flow text NOT NULL,
    fingerprint text NOT NULL,
    facet text NOT NULL,
    kind text NOT NULL,
    user_id bigint,
    at bigint NOT NULL,
    PRIMARY KEY (project_id, iid, flow, fingerprint, facet),
    FOREIGN KEY (project_id, iid, flow, fingerprint)
      REFERENCES reviewflow.raised_findings (project_id, iid, flow, fingerprint) ON DELETE CASCADE
  );
  CREATE INDEX outcomes_newest ON reviewflow.outcomes (project_id, at);
  CREATE TABLE reviewflow.voters (
    project_id bigint NOT NULL,
    user_id bigint NOT NULL,
    member boolean NOT NULL,
    checked_at bigint NOT NULL,
    PRIMARY KEY (project_id, user_id)
  );
  CREATE TABLE reviewflow.lessons (
    project_id bigint PRIMARY KEY,
    project_path text NOT NULL,
    text text NOT NULL,
    struck text NOT NULL,
    enabled boolean NOT NULL,
    version bigint NOT NULL,
    edited_at bigint,
    edited_by text,
    -- What another server was told last.
    sent text
  );
  `,
  `
  -- Candidates that are compared with the flows that they may replace, and what was decided about them.
  CREATE TABLE reviewflow.shadow_candidates (
    flow text NOT NULL,
    candidate text NOT NULL,
    since bigint NOT NULL,
    choice text,
    chosen_at bigint,
    chosen_by text,
    PRIMARY KEY (flow, candidate)
  );
  CREATE TABLE reviewflow.shadow_runs (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    run_id uuid NOT NULL REFERENCES reviewflow.runs (id) ON DELETE CASCADE,
    flow text NOT NULL,
    candidate text NOT NULL,
    project_id bigint NOT NULL,
    project_path text NOT NULL,
    iid bigint NOT NULL,
    head_sha text,
    state text NOT NULL,
    reason text,
    attempts integer NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    finished_at bigint,
    -- Times of the database.
    due_at bigint NOT NULL DEFAULT 0,
    held_until bigint NOT NULL DEFAULT 0,
    claim_id uuid,
    figures text,
    report text,
    UNIQUE (run_id, candidate)
  );
  CREATE INDEX shadow_runs_candidate ON reviewflow.shadow_runs (flow, candidate, seq);
  CREATE INDEX shadow_runs_merge_request ON reviewflow.shadow_runs (project_id, iid);
  CREATE TABLE reviewflow.shadow_steps (
    shadow_id uuid NOT NULL REFERENCES reviewflow.shadow_runs (id) ON DELETE CASCADE,
    key text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    value text NOT NULL,
    PRIMARY KEY (shadow_id, key)
  );
  CREATE INDEX runs_finished ON reviewflow.runs (flow, finished_at) WHERE state IN ('succeeded', 'partial-succeeded');
  `,
  `
  -- What projects used, by the day of the budgets' calendar.
  CREATE TABLE reviewflow.spendings (
    day text NOT NULL,
    project_id bigint NOT NULL,
    project_path text NOT NULL,
    tokens double precision NOT NULL DEFAULT 0,
    cost double precision NOT NULL DEFAULT 0,
    runs bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, project_id)
  );
  -- For what is deleted by its age.
  CREATE INDEX deliveries_received ON reviewflow.deliveries (received_at);
  CREATE INDEX runs_ended ON reviewflow.runs (finished_at) WHERE finished_at IS NOT NULL;
  CREATE INDEX runs_delivery ON reviewflow.runs (delivery_id);
  `,
  `
  -- For the newest delivery of each project.
  CREATE INDEX deliveries_project ON reviewflow.deliveries (project_id, seq);
  -- Events go with their run; nobody asks by their age.
  DROP INDEX reviewflow.run_events_stored;
  `,
  `
  -- The table of runs is the queue itself. due_at and held_until are times of the database, 0 for at once and
  -- for nobody's. A row belongs to who wrote its claim_id, until held_until.
  ALTER TABLE reviewflow.runs DROP COLUMN job_id, DROP COLUMN next_attempt_at,
    ADD COLUMN due_at bigint NOT NULL DEFAULT 0, ADD COLUMN held_until bigint NOT NULL DEFAULT 0;
  CREATE INDEX runs_waiting ON reviewflow.runs (kind, project_id) WHERE state IN ('queued', 'retrying');
  CREATE INDEX runs_held ON reviewflow.runs (claim_id) WHERE claim_id IS NOT NULL;
  -- When a project was last served: the higher, the later.
  ALTER TABLE reviewflow.project_turns RENAME TO fair_share;
  ALTER TABLE reviewflow.fair_share RENAME COLUMN turn TO served;
  -- What one process does at a time, such as looking for missed deliveries.
  ALTER TABLE reviewflow.turns RENAME TO tasks;
  ALTER TABLE reviewflow.tasks RENAME COLUMN holder TO claim_id;
  `,
];

const Version = z.object({ version: z.coerce.number() });

/**
 * Brings the schema `reviewflow` to the newest version, or to an older one, as tests of what older data becomes
 * need it. Safe when several processes start at once. Throws StoreError `store-too-new` for data that a newer
 * Reviewflow has written.
 */
export const migrate = async (database: Database, version = MIGRATIONS.length): Promise<void> => {
  await database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(7265762)");
    await tx.script(`
      CREATE SCHEMA IF NOT EXISTS reviewflow;
      CREATE TABLE IF NOT EXISTS reviewflow.schema_version (version integer NOT NULL);
    `);
    await applyMissing(tx, version);
  });
};

const applyMissing = async (tx: Sql, wanted: number): Promise<void> => {
  const rows = z.array(Version).parse(await tx.query("SELECT version FROM reviewflow.schema_version"));
  const current = rows[0]?.version ?? 0;
  if (current > MIGRATIONS.length) {
    throw new StoreError(
      `The data was written by a newer Reviewflow (schema ${current}, this one knows ${MIGRATIONS.length}). ` +
        "Install that version again, or restore an older copy of the data.",
      { code: "store-too-new" },
    );
  }
  if (current >= wanted) return;
  for (const migration of MIGRATIONS.slice(current, wanted)) await tx.script(migration);
  await tx.query("DELETE FROM reviewflow.schema_version");
  await tx.query("INSERT INTO reviewflow.schema_version (version) VALUES ($1)", [wanted]);
};
