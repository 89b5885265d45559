import { AsyncLocalStorage } from "node:async_hooks";

/** The run that calls of models belong to. */
export type RunScope = {
  readonly flow: string;
  /** Counted from 1. */
  readonly repeat: number;
  /** How often each request was made in this run, by its key. */
  readonly asked: Map<string, number>;
  /** How long models took in this run, one call after the other, in milliseconds. */
  modelMs: number;
  /** What kept an answer from being replayed or recorded. */
  miss: Error | null;
};

const active = new AsyncLocalStorage<RunScope>();

/** Does `work` as one run; every call of a model in it finds the scope. */
export const inRunScope = async <T>(
  { flow, repeat }: Pick<RunScope, "flow" | "repeat">,
  work: (scope: RunScope) => Promise<T>,
): Promise<T> => {
  const scope: RunScope = { flow, repeat, asked: new Map(), modelMs: 0, miss: null };
  return active.run(scope, () => work(scope));
};

/** The run that is under way here; null outside of one. */
export const runScope = (): RunScope | null => active.getStore() ?? null;
