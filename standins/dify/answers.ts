import { invalidParam, misfit, notFound, Refusal, type FieldMistake } from "./refusals.ts";
import { endOf, inputsWithSystem, isOver, type RunOrder, type StandInRun } from "./run.ts";
import type { Runs } from "./runs.ts";
import { UUID, type Fields, type StandInApp } from "./stand-in-app.ts";

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The end user that a request names; throws the Refusal of a request without. */
export const needUser = (user: unknown): string => {
  if (typeof user !== "string" || user === "") throw invalidParam("Arg user must be provided.");
  return user;
};

/** Throws the Refusal of a key that belongs to another kind of app. */
export const needWorkflow = (app: StandInApp): void => {
  if ((app.mode ?? "workflow") === "workflow") return;
  throw new Refusal(400, "not_workflow_app", "Please check if your app mode matches the right API route.");
};

/** The version that is wanted, or the newest; throws the Refusal of one that is not there. */
export const versionOf = (runs: Runs, app: StandInApp, wanted: string | null): string => {
  if (app.unpublished === true) throw invalidParam("Workflow not published");
  const versions = app.workflowIds ?? [runs.idsOf(app).workflowId];
  if (wanted === null) return versions[0] ?? "";
  if (!UUID.test(wanted)) throw new Refusal(400, "bad_request", `Invalid workflow_id format: '${wanted}'. `);
  if (!versions.includes(wanted)) throw notFound(`Workflow not found with id: ${wanted}`);
  return wanted;
};

/** What the body of `POST /workflows/run` asks for, without the version; throws a Refusal. */
export const readOrder = (body: Fields): Pick<RunOrder, "inputs" | "streaming"> => {
  const { inputs, response_mode: mode, files } = body;
  const mistakes: FieldMistake[] = [];
  if (inputs === undefined)
    mistakes.push({ field: "inputs", message: "Field required", kind: "missing", value: body });
  else if (!isFields(inputs)) {
    const message = "Input should be a valid dictionary";
    mistakes.push({ field: "inputs", message, kind: "dict_type", value: inputs });
  }
  if (files !== undefined && files !== null && !Array.isArray(files))
    mistakes.push({
      field: "files",
      message: "Input should be a valid list",
      kind: "list_type",
      value: files,
    });
  if (mode !== undefined && mode !== null && mode !== "blocking" && mode !== "streaming") {
    const message = "Input should be 'blocking' or 'streaming'";
    mistakes.push({ field: "response_mode", message, kind: "literal_error", value: mode });
  }
  if (mistakes.length > 0) throw misfit("WorkflowRunPayload", mistakes);
  return { inputs: isFields(inputs) ? inputs : {}, streaming: mode === "streaming" };
};

/** The run `id` of `app`; one that has not begun has no row. */
const findRun = (runs: Runs, app: StandInApp, id: string): StandInRun | undefined =>
  runs.all().find((run) => run.id === id && run.app === app && !run.forgotten && run.startedAt !== null);

const shown = (run: StandInRun): Fields =>
  isOver(run) && !run.stuck
    ? endOf(run)
    : {
        ...endOf(run),
        status: "running",
        outputs: {},
        error: null,
        elapsed_time: 0,
        total_tokens: 0,
        total_steps: 0,
        finished_at: null,
      };

/** `GET /workflows/run/{id}`, whose inputs are JSON text. */
export const runDetail = (runs: Runs, app: StandInApp, id: string): Fields => {
  needWorkflow(app);
  if (!UUID.test(id)) throw new Refusal(500, "unknown", "Internal Server Error");
  const run = findRun(runs, app, id);
  if (run === undefined) throw notFound("Workflow run not found.");
  const { status, outputs, error, elapsed_time, total_steps, total_tokens, created_at, finished_at } =
    shown(run);
  return {
    id,
    workflow_id: run.workflowId,
    status,
    inputs: JSON.stringify(inputsWithSystem(run, "timestamp")),
    outputs,
    error,
    total_steps,
    total_tokens,
    created_at,
    finished_at,
    elapsed_time,
  };
};

/** The run whose events a user may see: its own. */
export const runForEvents = (runs: Runs, app: StandInApp, id: string, given: string | null): StandInRun => {
  const user = needUser(given);
  needWorkflow(app);
  const run = findRun(runs, app, id);
  if (run?.user !== user) throw notFound("Workflow run not found");
  return run;
};

const SYSTEM_PARAMETERS = {
  image_file_size_limit: 10,
  video_file_size_limit: 100,
  audio_file_size_limit: 50,
  file_size_limit: 15,
  workflow_file_upload_limit: 10,
};

const OFF = { enabled: false };

/** `GET /parameters`: of a workflow and an advanced chat by their newest version, of the others by their model's settings. */
export const parameters = (app: StandInApp): Fields => {
  const isFlow = app.mode === undefined || app.mode === "workflow" || app.mode === "advanced-chat";
  if (isFlow && app.unpublished === true) {
    const message = "App unavailable, please check your app configurations.";
    throw new Refusal(400, "app_unavailable", message);
  }
  const image = {
    enabled: false,
    number_limits: 3,
    detail: "high",
    transfer_methods: ["remote_url", "local_file"],
  };
  const upload = { allowed_file_extensions: [], allowed_file_types: [], allowed_file_upload_methods: [] };
  return {
    opening_statement: isFlow ? "" : null,
    suggested_questions: [],
    suggested_questions_after_answer: OFF,
    speech_to_text: OFF,
    text_to_speech: isFlow ? { ...OFF, language: "", voice: "" } : OFF,
    retriever_resource: { enabled: !isFlow },
    annotation_reply: OFF,
    more_like_this: OFF,
    user_input_form: app.form.map((field) => {
      if (isFlow) return { [field.type]: field };
      const { type, ...rest } = field;
      return { [type]: rest };
    }),
    sensitive_word_avoidance: isFlow ? OFF : { ...OFF, type: "", config: {} },
    file_upload: isFlow ? { ...upload, enabled: false, number_limits: 3 } : { image },
    system_parameters: SYSTEM_PARAMETERS,
  };
};

/** `GET /info`. */
export const info = (app: StandInApp): Fields => ({
  name: app.name,
  description: app.description ?? "",
  tags: [],
  mode: app.mode ?? "workflow",
  author_name: "op",
});

/** `GET /site`. */
export const site = (app: StandInApp): Fields => ({
  title: app.name,
  chat_color_theme: null,
  chat_color_theme_inverted: false,
  icon_type: "emoji",
  icon: app.icon?.icon ?? "🤖",
  icon_background: app.icon?.background ?? "#FFEAD5",
  description: null,
  copyright: null,
  privacy_policy: null,
  custom_disclaimer: "",
  default_language: "en-US",
  show_workflow_steps: true,
  use_icon_as_answer_icon: false,
  icon_url: null,
});

const LOG_STATUSES = ["succeeded", "failed", "stopped"];

const readCount = (
  query: URLSearchParams,
  field: string,
  or: number,
  most: number,
): number | FieldMistake => {
  const value = query.get(field);
  if (value === null) return or;
  const count = Number(value);
  if (!/^-?\d+$/.test(value)) {
    const message = "Input should be a valid integer, unable to parse string as an integer";
    return { field, message, kind: "int_parsing", value };
  }
  if (count < 1)
    return {
      field,
      message: "Input should be greater than or equal to 1",
      kind: "greater_than_equal",
      value,
    };
  if (count > most)
    return {
      field,
      message: `Input should be less than or equal to ${most}`,
      kind: "less_than_equal",
      value,
    };
  return count;
};

/** `GET /workflows/logs`, newest first; `atStart` as from Dify 1.14, else only runs that have ended. */
export const runLogs = (runs: Runs, app: StandInApp, query: URLSearchParams, atStart: boolean): Fields => {
  needWorkflow(app);
  const page = readCount(query, "page", 1, 99_999);
  const limit = readCount(query, "limit", 20, 100);
  const status = query.get("status");
  if (typeof page !== "number") throw misfit("WorkflowLogQuery", [page]);
  if (typeof limit !== "number") throw misfit("WorkflowLogQuery", [limit]);
  if (status !== null && !LOG_STATUSES.includes(status)) {
    const message = "Input should be 'succeeded', 'failed' or 'stopped'";
    throw misfit("WorkflowLogQuery", [{ field: "status", message, kind: "literal_error", value: status }]);
  }
  const session = query.get("created_by_end_user_session_id");
  const keyword = query.get("keyword");
  const rows = runs
    .all()
    .filter((run) => run.app === app && !run.forgotten && run.startedAt !== null)
    .filter((run) => atStart || isOver(run))
    .filter((run) => session === null || session === "" || run.user === session)
    .filter((run) => status === null || shown(run)["status"] === status)
    .filter(
      (run) => keyword === null || JSON.stringify([run.inputs, run.outputs, run.user]).includes(keyword),
    )
    .toReversed();
  const data = rows.slice((page - 1) * limit, page * limit).map((run) => logRow(run));
  return { page, limit, total: rows.length, has_more: page * limit < rows.length, data };
};

const logRow = (run: StandInRun): Fields => {
  const { status, error, elapsed_time, total_tokens, total_steps, created_at, finished_at } = shown(run);
  return {
    id: run.logId,
    workflow_run: {
      id: run.id,
      version: "2026-11-30 20:43:12.131537",
      status,
      triggered_from: "app-run",
      error,
      elapsed_time,
      total_tokens,
      total_steps,
      created_at,
      finished_at,
      exceptions_count: isOver(run) && !run.stuck ? run.exceptions : 0,
    },
    details: null,
    created_from: "service-api",
    created_by_role: "end_user",
    created_by_account: null,
    created_by_end_user: {
      id: run.userId,
      type: "service-api",
      is_anonymous: false,
      session_id: run.user,
    },
    created_at: run.createdAt,
  };
};
