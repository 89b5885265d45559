import { message } from "../messages/message.ts";
import { setTimeout as delay } from "node:timers/promises";
import { StoreError, isRetryable } from "../base/errors.ts";

/** What one item of a batch came to; an error concerns that item alone. */
export type ItemResult<Out> =
  | { readonly ok: true; readonly value: Out }
  | { readonly ok: false; readonly error: unknown };

/** How items are gathered. */
export type GroupCommitOptions<In, Out> = {
  /** Commits a whole batch in one transaction and answers item by item; a rejection means nothing was committed. */
  readonly commit: (items: readonly In[]) => Promise<readonly ItemResult<Out>[]>;
  /** The most items in one batch. */
  readonly maxBatch: number;
  /** The most bytes in one batch, by `weigh`; one item always fits. */
  readonly maxBytes: number;
  readonly weigh: (item: In) => number;
  /** How long the first item of a batch waits for company; 0 takes what came while the last batch was written. */
  readonly maxWaitMs: number;
  /** How long an item is waited for; one that was not begun by then is not written. */
  readonly answerMs: number;
};

/** Items that arrive together share a transaction, and with it the wait for the disk. */
export type GroupCommit<In, Out> = {
  readonly submit: (item: In) => Promise<Out>;
  /** Takes no more items and resolves when the last one is answered. */
  readonly close: () => Promise<void>;
};

type Entry<In, Out> = { readonly item: In; readonly settle: (result: ItemResult<Out>) => void };

/** Creates a group commit. One batch is written at a time; the next gathers meanwhile. */
export const createGroupCommit = <In, Out>(options: GroupCommitOptions<In, Out>): GroupCommit<In, Out> => {
  const queue: Entry<In, Out>[] = [];
  let running: Promise<void> | null = null;
  let closed = false;

  const nextBatch = (): readonly Entry<In, Out>[] => {
    let bytes = 0;
    let count = 0;
    for (const entry of queue.slice(0, options.maxBatch)) {
      bytes += options.weigh(entry.item);
      if (count > 0 && bytes > options.maxBytes) break;
      count += 1;
    }
    return queue.splice(0, count);
  };

  const run = async (): Promise<void> => {
    await delay(options.maxWaitMs);
    while (queue.length > 0) await write(nextBatch(), options.commit);
    running = null;
  };

  return {
    submit: (item) => {
      if (closed) return Promise.reject(closedError());
      const { promise, resolve, reject } = Promise.withResolvers<Out>();
      const entry: Entry<In, Out> = {
        item,
        settle: (result) => {
          clearTimeout(timer);
          if (result.ok) resolve(result.value);
          else reject(result.error);
        },
      };
      const timer = setTimeout(() => {
        const place = queue.indexOf(entry);
        if (place >= 0) queue.splice(place, 1);
        entry.settle({ ok: false, error: tookTooLong(options.answerMs) });
      }, options.answerMs);
      queue.push(entry);
      running ??= run();
      return promise;
    },
    close: async () => {
      closed = true;
      await running;
    },
  };
};

const closedError = (): StoreError =>
  new StoreError(message("store.closed"), { code: "store-closed", retryable: true });

const write = async <In, Out>(
  batch: readonly Entry<In, Out>[],
  commit: GroupCommitOptions<In, Out>["commit"],
): Promise<void> => {
  try {
    const results = await commit(batch.map((entry) => entry.item));
    for (const [index, entry] of batch.entries()) {
      entry.settle(results[index] ?? { ok: false, error: new TypeError("an item was not answered") });
    }
  } catch (error) {
    // Alone, or without a database, another try item by item would only fail again.
    if (batch.length === 1 || isUnreachable(error)) {
      for (const entry of batch) entry.settle({ ok: false, error });
      return;
    }
    for (const entry of batch) await write([entry], commit);
  }
};

const isUnreachable = (error: unknown): boolean =>
  isRetryable(error) &&
  error instanceof StoreError &&
  (error.code === "store-unreachable" || error.code === "store-timeout");

const tookTooLong = (ms: number): StoreError =>
  new StoreError(message("store.timeout", { error: `${ms} ms` }), { code: "store-timeout", retryable: true });
