/** Lets a limited number through at once, in the order of arrival. */
export type Gate = {
  /** Resolves with the function that gives the place back; rejects with the signal's reason. */
  readonly enter: (signal: AbortSignal) => Promise<() => void>;
};

/** A gate for `limit` at once. */
export const createGate = (limit: number): Gate => {
  let inside = 0;
  const waiting = new Set<() => void>();

  const leave = (): void => {
    inside -= 1;
    const next = waiting.values().next();
    if (next.done !== true) next.value();
  };
  const once = (): (() => void) => {
    inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave();
    };
  };

  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (inside < limit) return once();
      return await new Promise<() => void>((resolve, reject) => {
        const proceed = (): void => {
          waiting.delete(proceed);
          signal.removeEventListener("abort", abandon);
          resolve(once());
        };
        const abandon = (): void => {
          waiting.delete(proceed);
          reject(signal.reason);
        };
        waiting.add(proceed);
        signal.addEventListener("abort", abandon, { once: true });
      });
    },
  };
};
