import { randomUUID } from "node:crypto";
import { checkInputs } from "./inputs.ts";
import { Refusal } from "./refusals.ts";
import { executeRun, messageOf, newRun, type RunOrder, type StandInRun } from "./run.ts";
import type { Fields, StandInApp } from "./stand-in-app.ts";

/** What a watcher of a run is called with: there is more to see, or its worker is alive. */
type RunSignal = "progress" | "ping";

/** The runs of the stand-in, with a queue that has few workers, as Celery has. */
export type Runs = {
  readonly all: () => readonly StandInRun[];
  /**
   * Begins a run. A streaming one waits for a worker, which also judges its inputs; a blocking one begins at
   * once, and its wrong inputs are thrown as a Refusal.
   */
  readonly begin: (order: RunOrder) => StandInRun;
  /** Calls `listener` for each signal; gives back how to stop that. */
  readonly watch: (run: StandInRun, listener: (signal: RunSignal) => void) => () => void;
  /** Stops the run of a task; one that does not run is left as it is. */
  readonly stop: (taskId: string) => void;
  /** Ends every worker on the spot: their runs are left as they are, what waits goes on waiting. */
  readonly killWorkers: () => void;
  /** Starts so many workers more. */
  readonly startWorkers: (count: number) => void;
  /** The ids of an app and of the version that is its newest, unless it names one. */
  readonly idsOf: (app: StandInApp) => { readonly appId: string; readonly workflowId: string };
  /** Ends everything and waits for it. */
  readonly close: () => Promise<void>;
};

/** How the stand-in's time goes. */
export type Pace = {
  /** How many of ours one of Dify's milliseconds takes. */
  readonly scale: number;
  /** Between two pings of a worker, in Dify's milliseconds. */
  readonly pingMs: number;
  readonly workers: number;
};

/** Validates what is asked for as Dify's app generator does, and fills the defaults in; throws a Refusal. */
const accept = (run: StandInRun): void => {
  run.inputs = checkInputs(run.app.form, run.inputs);
  if (run.app.missingModel !== undefined) {
    throw new MissingModel(400, "invalid_param", `Model ${run.app.missingModel} not exist.`);
  }
};

class MissingModel extends Refusal {}

/** A worker's error frame: only what the app generator itself refuses has a code. */
const frameOfRefusal = (error: unknown): Fields => {
  const message = messageOf(error);
  return error instanceof MissingModel
    ? { event: "error", workflow_run_id: null, code: error.code, status: error.status, message }
    : { event: "error", message, status: 500 };
};

/** Runs whose queue has so many workers. */
export const createRuns = ({ scale, pingMs, workers }: Pace): Runs => {
  let runs: readonly StandInRun[] = [];
  const listeners = new Map<StandInRun, Set<(signal: RunSignal) => void>>();
  const works = new Set<Promise<void>>();
  const queue: StandInRun[] = [];
  const atWork = new Set<StandInRun>();
  const appIds = new Map<StandInApp, string>();
  const versionIds = new Map<StandInApp, string>();
  const userIds = new Map<string, string>();
  let alive = workers;

  const idIn = <Key>(ids: Map<Key, string>, key: Key): string => {
    const id = ids.get(key) ?? randomUUID();
    ids.set(key, id);
    return id;
  };
  const signalTo = (run: StandInRun, signal: RunSignal): void => {
    for (const listener of listeners.get(run) ?? []) listener(signal);
  };
  const abandon = (run: StandInRun): void => {
    run.abandoned = true;
    run.controller.abort(new Error("the worker died"));
  };
  const progress = (run: StandInRun): void => {
    signalTo(run, "progress");
    if (run.frames.length >= run.diesAfter) abandon(run);
  };
  const work = async (run: StandInRun): Promise<void> => {
    const ping = setInterval(() => {
      if (!run.abandoned) signalTo(run, "ping");
    }, pingMs * scale);
    try {
      accept(run);
      await executeRun(run, scale, () => progress(run));
    } catch (error) {
      run.refusedWith = frameOfRefusal(error);
      runs = runs.filter((one) => one !== run);
      signalTo(run, "progress");
    } finally {
      clearInterval(ping);
    }
  };
  const track = (working: Promise<void>): void => {
    works.add(working);
    void working.finally(() => works.delete(working));
  };
  const next = (): void => {
    const run = atWork.size < alive ? queue.shift() : undefined;
    if (run === undefined) return;
    atWork.add(run);
    const ended = (): void => {
      if (atWork.delete(run)) next();
    };
    track(work(run).finally(ended));
    next();
  };
  return {
    all: () => runs,
    idsOf: (app) => ({ appId: idIn(appIds, app), workflowId: idIn(versionIds, app) }),
    begin: (order) => {
      const run = newRun(order, idIn(appIds, order.app), idIn(userIds, order.user));
      if (order.streaming) {
        runs = [...runs, run];
        queue.push(run);
        next();
        return run;
      }
      accept(run);
      runs = [...runs, run];
      track(executeRun(run, scale, () => signalTo(run, "progress")));
      return run;
    },
    watch: (run, listener) => {
      const set = listeners.get(run) ?? new Set();
      listeners.set(run, set.add(listener));
      return () => set.delete(listener);
    },
    stop: (taskId) => {
      const run = runs.find((one) => one.taskId === taskId);
      if (run?.status === "running" && !run.abandoned) run.controller.abort(new Error("stopped"));
    },
    killWorkers: () => {
      alive = 0;
      for (const run of atWork) abandon(run);
      atWork.clear();
    },
    startWorkers: (count) => {
      alive += count;
      next();
    },
    close: async () => {
      alive = 0;
      queue.length = 0;
      for (const run of runs) run.controller.abort(new Error("closing"));
      await Promise.all(works);
    },
  };
};
