import type { FlowRunner } from "./flow-runner.ts";

/** Puts something around a runner: what is to be run stays the same. */
export type RunnerLayer = (runner: FlowRunner) => FlowRunner;

/** A runner within its layers, the innermost first; null for a layer that is not wanted. */
export const composeRunner = (runner: FlowRunner, ...layers: readonly (RunnerLayer | null)[]): FlowRunner =>
  layers.reduce((inner, layer) => layer?.(inner) ?? inner, runner);
