import { message } from "../../messages/message.ts";
import { Worker } from "node:worker_threads";
import type { SQLInputValue } from "node:sqlite";
import { StoreError } from "../../base/errors.ts";
import { sqliteError, storeClosed } from "../database-error.ts";
import type { Answer, Question, ThreadData } from "./thread.ts";

type Reply = Extract<Answer, { rows: readonly never[] }>;
type Asked = Question extends infer One ? (One extends unknown ? Omit<One, "id"> : never) : never;

/** SQLite in a thread of its own, so that nothing else waits for a disk. */
export type SqliteThread = {
  /** Carries out one thing after the other. Rejects with a StoreError. */
  readonly ask: (question: Asked, transfer?: readonly ArrayBuffer[]) => Promise<Reply>;
  /** Counts the threads: what was begun in an earlier one is lost. */
  readonly life: () => number;
  readonly close: () => Promise<void>;
};

const broken = (): StoreError =>
  new StoreError(message("store.restarting"), {
    code: "store-restarting",
    retryable: true,
  });

/** Starts the thread at the first question, and another one after it has ended by itself. */
export const startSqliteThread = (file: string): SqliteThread => {
  const waiting = new Map<
    number,
    { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }
  >();
  let worker: Worker | null = null;
  let closed = false;
  let life = 0;
  let count = 0;

  const alive = (): Worker => {
    if (worker !== null) return worker;
    life += 1;
    const started = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: { file } satisfies ThreadData,
    });
    const end = (): void => {
      if (worker === started) worker = null;
      for (const { reject } of waiting.values()) reject(broken());
      waiting.clear();
    };
    started.on("message", (answer: Answer) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (waiting.size === 0) started.unref();
      if ("error" in answer) asked?.reject(sqliteError(answer.error));
      else asked?.resolve(answer);
    });
    started.on("error", end);
    started.on("exit", end);
    worker = started;
    return started;
  };

  const ask: SqliteThread["ask"] = (question, transfer = []) => {
    if (closed) return Promise.reject(storeClosed());
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const thread = alive();
    count += 1;
    const id = count;
    // The process may end when nobody waits for an answer.
    thread.ref();
    waiting.set(id, { resolve, reject });
    thread.postMessage({ ...question, id }, [...transfer]);
    return promise;
  };

  return {
    ask,
    life: () => life,
    close: async () => {
      const closing = worker;
      if (closing !== null && !closed) await ask({ kind: "close" }).catch(() => undefined);
      closed = true;
      await closing?.terminate();
    },
  };
};

/** A value as SQLite takes it. Throws a StoreError for what it would silently make NULL or take for names. */
export const toSqliteValue = (value: unknown): SQLInputValue => {
  switch (typeof value) {
    case "string":
    case "bigint":
      return value;
    case "number":
      // NaN would be NULL.
      if (!Number.isNaN(value)) return value;
      break;
    case "object":
      if (value === null || value instanceof Uint8Array) return value;
      break;
    default:
  }
  throw new StoreError(message("store.value-kind", { kind: typeof value }), {
    code: "store-query-failed",
  });
};
