import type { ServerResponse } from "node:http";
import type { Fate, Fault } from "./fault.ts";
import { finishedData, frameOf } from "./run-events.ts";
import type { RunRegistry } from "./run-registry.ts";
import { isOver, type RunFrame, type StandInRun } from "./stand-in-run.ts";

/** How a stream is sent: from which frame on, how often it pings, and what goes wrong. */
export type StreamOptions = {
  readonly from: number;
  readonly pingMs: number;
  readonly fault: Fault | null;
};

const applyFate = (run: StandInRun, fate: Fate): void => {
  if (fate === "forgotten") run.forgotten = true;
  if (fate === "stuck") run.stuck = true;
};

const encode = (frame: RunFrame): string => `data: ${JSON.stringify(frame)}\n\n`;

const GARBAGE = `data: {"event": "half\n\ndata: []\n\n: a comment\n\nevent: message\ndata: 42\n\ndata: {"event":"brand_new_event","data":{}}\n\n`;

const afterEventsOf = (fault: Fault | null): number =>
  fault !== null && "afterEvents" in fault ? fault.afterEvents : Number.POSITIVE_INFINITY;

/** Breaks the connection a little later: a client drops what it has not read when a connection breaks. */
const cutSoon = (response: ServerResponse): void => {
  setTimeout(() => response.destroy(), 20);
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
    case "error-event": {
      const { code, status, message } = fault;
      response.write(encode({ event: "error", code, status, message, task_id: run.taskId }));
      return true;
    }
    case "no-finish":
      applyFate(run, fault.fate);
      response.end();
      return true;
    case "cut-in-character": {
      applyFate(run, fault.fate);
      const bytes = Buffer.from(encode(frameOf(run, "text_chunk", { text: "검토" })));
      const cutAt = bytes.indexOf(Buffer.from("검")) + 1;
      response.write(bytes.subarray(0, cutAt));
      cutSoon(response);
      return true;
    }
    default:
      return false;
  }
};

/** A run's frames as an event stream, with Dify's pings. The run goes on when nobody reads any more. */
export const sendStream = (
  response: ServerResponse,
  registry: RunRegistry,
  run: StandInRun,
  { from, pingMs, fault }: StreamOptions,
): void => {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  response.flushHeaders();
  let sent = from;
  let broken = false;
  const ping = setInterval(() => response.write("event: ping\n\n"), pingMs);
  const leave = (): void => {
    broken = true;
    clearInterval(ping);
    unwatch();
  };
  const advance = (): void => {
    for (;;) {
      if (broken) return;
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
    if (isOver(run) && !run.stuck && sent >= run.frames.length) {
      leave();
      response.end();
    }
  };
  const unwatch = registry.watch(run, advance);
  response.on("close", leave);
  advance();
};

/** What a late-comer is sent of a run that has ended: its last event alone. */
export const sendEnd = (response: ServerResponse, run: StandInRun): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.end(encode(frameOf(run, "workflow_finished", finishedData(run))));
};
