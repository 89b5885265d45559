import { randomUUID } from "node:crypto";
import type { Fields, ProgramEnd, StandInApp } from "./stand-in-app.ts";

/** One frame of a run's stream, as it goes over the wire. */
export type RunFrame = Fields & { readonly event: string };

/** A run as the stand-in knows it. */
export type StandInRun = {
  readonly id: string;
  readonly taskId: string;
  readonly workflowId: string;
  readonly app: StandInApp;
  readonly user: string;
  readonly inputs: Fields;
  readonly createdAt: number;
  status: "scheduled" | "running" | "succeeded" | "failed" | "stopped" | "partial-succeeded" | "paused";
  outputs: Fields;
  error: string | null;
  startedAt: number | null;
  finishedAt: number | null;
  totalTokens: number;
  totalSteps: number;
  /** Not shown any more: a fault made Dify forget it. */
  forgotten: boolean;
  /** Its end is not shown: a fault left it running. */
  stuck: boolean;
  readonly frames: RunFrame[];
  readonly controller: AbortController;
};

/** Whether nothing more comes of a run. */
export const isOver = (run: StandInRun): boolean => run.status !== "scheduled" && run.status !== "running";

/** Seconds since the epoch, in which Dify's API tells times. */
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** Sets how a run ended. */
export const settle = (
  run: StandInRun,
  end: Pick<ProgramEnd, "outputs" | "error"> & { readonly status: ProgramEnd["status"] | "stopped" },
): void => {
  run.status = end.status;
  run.outputs = end.outputs;
  run.error = end.error ?? null;
  run.finishedAt = seconds();
};

/** A run that has been asked for and not begun. */
export const newRun = (app: StandInApp, workflowId: string, user: string, inputs: Fields): StandInRun => ({
  id: randomUUID(),
  taskId: randomUUID(),
  workflowId,
  app,
  user,
  inputs,
  createdAt: seconds(),
  status: "scheduled",
  outputs: {},
  error: null,
  startedAt: null,
  finishedAt: null,
  totalTokens: 0,
  totalSteps: 0,
  forgotten: false,
  stuck: false,
  frames: [],
  controller: new AbortController(),
});
