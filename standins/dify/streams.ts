import type { ServerResponse } from "node:http";
import type { Fate, Fault } from "./fault.ts";
import { finishedData, isOver, snapshotOf, type RunFrame, type StandInRun } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Fields } from "./stand-in-app.ts";

const PING = "event: ping\n\n";

const encode = (frame: Fields): string => `data: ${JSON.stringify(frame)}\n\n`;

const GARBAGE = `data: {"event": "half\n\ndata: []\n\n: a comment\n\nevent: message\ndata: 42\n\ndata: {"event":"brand_new_event","data":{}}\n\n`;

const applyFate = (run: StandInRun, fate: Fate): void => {
  if (fate === "forgotten") run.forgotten = true;
  if (fate === "stuck") run.stuck = true;
};

const afterEventsOf = (fault: Fault | null): number =>
  fault !== null && "afterEvents" in fault ? fault.afterEvents : Number.POSITIVE_INFINITY;

/**
 * Breaks the connection a little later: a client drops what it has not read when a connection breaks, and one on a busy
 * machine may take a while to read.
 */
const cutSoon = (response: ServerResponse): void => {
  setTimeout(() => response.destroy(), 400);
};

const errorFrame = (run: StandInRun, fault: Extract<Fault, { kind: "error-event" }>): Fields => {
  const { code, status, message } = fault;
  if (code === undefined) return { event: "error", message, status };
  const workflow_run_id = run.startedAt === null ? null : run.id;
  return { event: "error", workflow_run_id, code, status, message };
};

/** Breaks a stream as its fault says; true when nothing more is to be sent on it. */
const breakStream = (response: ServerResponse, run: StandInRun, fault: Fault): boolean => {
  switch (fault.kind) {
    case "silence":
      applyFate(run, fault.fate);
      return true;
    case "cut":
      applyFate(run, fault.fate);
      cutSoon(response);
      return true;
    case "error-event":
      response.write(encode(errorFrame(run, fault)));
      return true;
    case "no-finish":
      applyFate(run, fault.fate);
      response.end();
      return true;
    case "cut-in-character": {
      applyFate(run, fault.fate);
      const ids = { workflow_run_id: run.id, task_id: run.taskId };
      const bytes = Buffer.from(encode({ event: "text_chunk", ...ids, data: { text: "검토" } }));
      const cutAt = bytes.indexOf(Buffer.from("검")) + 1;
      response.write(bytes.subarray(0, cutAt));
      cutSoon(response);
      return true;
    }
    default:
      return false;
  }
};

/** How the events of a run are sent. */
export type StreamOptions = {
  readonly headers: Readonly<Record<string, string>>;
  /** The number of the first of its events that is sent. */
  readonly from: number;
  readonly fault: Fault | null;
  /** Called once: the stream has ended, or its reader has gone. */
  readonly onLeft?: () => void;
};

/**
 * Sends the events of a run from `from` on, behind `first`. A stream opens with a ping; more of them come from
 * the run's worker, so that there are none in the queue, after an error and when the worker is dead. The run
 * goes on when nobody reads any more.
 */
export const sendStream = (
  response: ServerResponse,
  runs: Runs,
  run: StandInRun,
  { headers, from, fault, onLeft }: StreamOptions,
  first: readonly RunFrame[] = [],
): void => {
  let sent = from;
  let hasLeft = false;
  const leave = (): void => {
    if (hasLeft) return;
    hasLeft = true;
    unwatch();
    onLeft?.();
  };
  const advance = (): void => {
    for (;;) {
      if (hasLeft) return;
      const frame = run.frames[sent];
      const atEnd = frame?.event === "workflow_finished";
      const due =
        sent - from >= afterEventsOf(fault) || (atEnd && fault !== null && !("afterEvents" in fault));
      if (fault !== null && due && breakStream(response, run, fault)) return leave();
      if (frame === undefined) break;
      if (fault?.kind === "garbage") response.write(GARBAGE);
      if (!(run.stuck && atEnd)) response.write(encode(frame));
      sent += 1;
    }
    if (run.refusedWith !== null) {
      // Left open: after an error it is for the client to go.
      response.write(encode(run.refusedWith));
      return unwatch();
    }
    if (isOver(run) && !run.stuck) {
      leave();
      response.end();
    }
  };
  const unwatch = runs.watch(run, (signal) => {
    if (signal === "ping") response.write(PING);
    else advance();
  });
  response.on("close", leave);
  response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
  response.write(PING);
  for (const frame of first) response.write(encode(frame));
  advance();
};

/**
 * The stream of somebody who comes later: of a run that has ended its last event alone, with the run's id in
 * the place of the task id; else what is still to come, behind a snapshot if that is wanted. A run in blocking
 * mode publishes nothing.
 */
export const sendEvents = (
  response: ServerResponse,
  runs: Runs,
  run: StandInRun,
  options: Omit<StreamOptions, "from"> & { readonly withSnapshot: boolean },
): void => {
  const headers = { ...options.headers, "cache-control": "no-cache" };
  const isShownOver = isOver(run) && !run.stuck;
  if (isShownOver || run.blocking) {
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    if (!isShownOver) {
      response.write(PING);
      if (options.withSnapshot) for (const frame of snapshotOf(run)) response.write(encode(frame));
      return;
    }
    const ids = { task_id: run.id, workflow_run_id: run.id };
    response.end(encode({ event: "workflow_finished", ...ids, data: finishedData(run) }));
    return;
  }
  const from = run.frames.length;
  sendStream(response, runs, run, { ...options, headers, from }, options.withSnapshot ? snapshotOf(run) : []);
};
