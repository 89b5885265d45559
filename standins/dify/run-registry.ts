import { createRunEvents } from "./run-events.ts";
import type { Fields, StandInApp } from "./stand-in-app.ts";
import { isOver, newRun, settle, type StandInRun } from "./stand-in-run.ts";

/** The runs of the stand-in, with a queue that has few workers, as Celery has. */
export type RunRegistry = {
  readonly all: () => readonly StandInRun[];
  readonly active: (app: StandInApp) => number;
  /** Begins a run; `queued` runs wait for a worker, blocking ones do not. */
  readonly begin: (
    app: StandInApp,
    workflowId: string,
    user: string,
    inputs: Fields,
    queued: boolean,
  ) => StandInRun;
  /** Calls `listener` for each new frame and once more at the end; gives back how to stop that. */
  readonly watch: (run: StandInRun, listener: () => void) => () => void;
  readonly stop: (run: StandInRun) => void;
  /** Ends everything and waits for it. */
  readonly close: () => Promise<void>;
};

const execute = async (run: StandInRun, tell: () => void): Promise<void> => {
  run.status = "running";
  run.startedAt = Date.now();
  const events = createRunEvents(run, tell);
  events.started();
  const { signal } = run.controller;
  try {
    signal.throwIfAborted();
    settle(run, await run.app.program(events.context));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    settle(
      run,
      signal.aborted
        ? { status: "stopped", outputs: {}, error: "Workflow execution was aborted by user" }
        : { status: "failed", outputs: {}, error: said },
    );
  }
  events.ended();
};

/** A registry whose queue has `workers` workers. */
export const createRunRegistry = (workers: number): RunRegistry => {
  const runs: StandInRun[] = [];
  const listeners = new Map<StandInRun, Set<() => void>>();
  const works = new Set<Promise<void>>();
  const queue: (() => void)[] = [];
  let busy = 0;

  const tell = (run: StandInRun): void => {
    for (const listener of listeners.get(run) ?? []) listener();
  };
  const next = (): void => {
    if (busy >= workers) return;
    queue.shift()?.();
  };
  const start = (run: StandInRun, queued: boolean): void => {
    busy += queued ? 1 : 0;
    const work = execute(run, () => tell(run)).finally(() => {
      works.delete(work);
      busy -= queued ? 1 : 0;
      next();
    });
    works.add(work);
  };
  return {
    all: () => runs,
    active: (app) => runs.filter((run) => run.app === app && !isOver(run)).length,
    begin: (app, workflowId, user, inputs, queued) => {
      const run = newRun(app, workflowId, user, inputs);
      runs.push(run);
      if (queued) {
        queue.push(() => start(run, true));
        next();
      } else start(run, false);
      return run;
    },
    watch: (run, listener) => {
      const set = listeners.get(run) ?? new Set();
      listeners.set(run, set.add(listener));
      return () => set.delete(listener);
    },
    stop: (run) => run.controller.abort(new Error("stopped")),
    close: async () => {
      queue.length = 0;
      for (const run of runs) run.controller.abort(new Error("closing"));
      await Promise.all(works);
    },
  };
};
