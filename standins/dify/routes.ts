import { randomUUID } from "node:crypto";
import { z } from "zod";
import { checkInputs } from "./check-inputs.ts";
import { finishedData } from "./run-events.ts";
import type { RunRegistry } from "./run-registry.ts";
import { invalidParam, Refusal } from "./refusal.ts";
import type { Fields, StandInApp } from "./stand-in-app.ts";
import { isOver, type StandInRun } from "./stand-in-run.ts";

const RunBody = z.object({
  inputs: z.record(z.string(), z.unknown()),
  user: z.string().optional(),
  response_mode: z.enum(["blocking", "streaming"]).optional(),
  files: z.array(z.unknown()).nullish(),
});

/** A run that was accepted. */
export type BegunRun = { readonly run: StandInRun; readonly streaming: boolean };

const needUser = (user: string | null | undefined): string => {
  if (user === undefined || user === null || user === "") throw invalidParam("Arg user must be provided.");
  return user;
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const versionOf = (app: StandInApp, wanted: string | null): string => {
  const versions = app.workflowIds ?? [];
  if (wanted === null) return versions[0] ?? randomUUID();
  if (!UUID.test(wanted)) throw new Refusal(400, "bad_request", `Invalid workflow_id format: '${wanted}'`);
  if (!versions.includes(wanted)) throw new Refusal(404, "not_found", "Workflow not found");
  return wanted;
};

const needWorkflow = (app: StandInApp): void => {
  if (app.mode === "advanced-chat") {
    const message = "Please check if your app mode matches the right API route.";
    throw new Refusal(400, "not_workflow_app", message);
  }
};

/** `POST /workflows/run` and `/workflows/{id}/run`. A wrong input is told in the stream when there is one. */
export const beginRun = (
  registry: RunRegistry,
  app: StandInApp,
  wantedVersion: string | null,
  body: unknown,
): BegunRun | { readonly inStream: Refusal } => {
  const parsed = RunBody.safeParse(body);
  if (!parsed.success) throw invalidParam(`${parsed.error.issues[0]?.path.join(".") ?? "body"} is not valid`);
  const user = needUser(parsed.data.user);
  needWorkflow(app);
  if (app.maxActiveRequests !== undefined && registry.active(app) >= app.maxActiveRequests) {
    const message = `Too many requests. Please try again later. The current maximum concurrent requests allowed for ${app.name} is ${app.maxActiveRequests}.`;
    throw new Refusal(429, "too_many_requests", message);
  }
  const workflowId = versionOf(app, wantedVersion);
  const streaming = parsed.data.response_mode === "streaming";
  try {
    const inputs = checkInputs(app.form, parsed.data.inputs);
    return { run: registry.begin(app, workflowId, user, inputs, streaming), streaming };
  } catch (error) {
    if (streaming && error instanceof Refusal) return { inStream: error };
    throw error;
  }
};

const shown = (run: StandInRun): Fields => ({
  ...finishedData(run),
  ...(run.stuck ? { status: "running", outputs: {}, error: null, finished_at: null } : {}),
});

const notFound = (what: string): Refusal => new Refusal(404, "not_found", `${what} not found.`);

/** The run `id` of `app`; a run that has not begun has no row yet. */
export const findRun = (registry: RunRegistry, app: StandInApp, id: string): StandInRun => {
  const run = registry.all().find((one) => one.id === id && one.app === app);
  if (run === undefined || run.forgotten || run.startedAt === null) throw notFound("Workflow run");
  return run;
};

/** `GET /workflows/run/{id}`, whose inputs are JSON text. */
export const runDetail = (registry: RunRegistry, app: StandInApp, id: string): Fields => {
  const run = findRun(registry, app, id);
  return { ...shown(run), inputs: JSON.stringify(run.inputs) };
};

/** The run whose events `user` may see: its own. */
export const runForEvents = (
  registry: RunRegistry,
  app: StandInApp,
  id: string,
  user: string | null,
): StandInRun => {
  const name = needUser(user);
  const run = findRun(registry, app, id);
  if (run.user !== name) throw notFound("Workflow run");
  return run;
};

/** `POST /workflows/tasks/{id}/stop`: success whether or not there is such a task of this user. */
export const stopTask = (
  registry: RunRegistry,
  app: StandInApp,
  taskId: string,
  body: unknown,
  obeys: boolean,
): Fields => {
  const parsed = z.object({ user: z.string().optional() }).safeParse(body);
  const user = needUser(parsed.success ? parsed.data.user : null);
  needWorkflow(app);
  const run = registry.all().find((one) => one.taskId === taskId && one.app === app && one.user === user);
  if (run !== undefined && !isOver(run) && obeys) registry.stop(run);
  return { result: "success" };
};

/** `GET /parameters`. */
export const parameters = (app: StandInApp): Fields => ({
  opening_statement: "",
  suggested_questions: [],
  user_input_form: app.form.map((field) => ({
    [field.type]: {
      label: field.label ?? field.variable,
      variable: field.variable,
      required: field.required ?? false,
      max_length: field.max_length ?? null,
      default: field.default ?? "",
      options: field.options ?? [],
    },
  })),
  file_upload: { enabled: false },
  system_parameters: { file_size_limit: 15, workflow_file_upload_limit: 10 },
});

const whole = (text: string | null, name: string, or: number, most: number): number => {
  if (text === null) return or;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) throw invalidParam(`${name} is not valid`);
  return number;
};

const LOG_STATUSES = ["succeeded", "failed", "stopped"];

/** `GET /workflows/logs`, newest first; `atStart` as from Dify 1.14, else only runs that have ended. */
export const runLogs = (
  registry: RunRegistry,
  app: StandInApp,
  query: URLSearchParams,
  atStart: boolean,
): Fields => {
  const page = whole(query.get("page"), "page", 1, 99_999);
  const limit = whole(query.get("limit"), "limit", 20, 100);
  const status = query.get("status");
  if (status !== null && !LOG_STATUSES.includes(status)) throw invalidParam("status is not valid");
  const session = query.get("created_by_end_user_session_id");
  const keyword = query.get("keyword");
  const rows = registry
    .all()
    .filter((run) => run.app === app && !run.forgotten && run.startedAt !== null)
    .filter((run) => atStart || isOver(run))
    .filter((run) => session === null || session === "" || run.user === session)
    .filter((run) => status === null || shown(run)["status"] === status)
    .filter(
      (run) => keyword === null || JSON.stringify([run.inputs, run.outputs, run.user]).includes(keyword),
    )
    .toReversed();
  const data = rows.slice((page - 1) * limit, page * limit).map((run) => ({
    id: `log-${run.id}`,
    workflow_run: { ...shown(run), triggered_from: "app-run", version: run.workflowId },
    created_from: "service-api",
    created_by_role: "end_user",
    created_by_account: null,
    created_by_end_user: {
      id: `end-user-${run.user}`,
      type: "service_api",
      is_anonymous: false,
      session_id: run.user,
    },
    created_at: run.createdAt,
  }));
  return { page, limit, total: rows.length, has_more: page * limit < rows.length, data };
};
