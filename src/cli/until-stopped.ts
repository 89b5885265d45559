/**
 * Ends with the first of the signals, which it returns. Those after it are passed over: a terminal and a program
 * between both send one, and what was started is to be ended in order.
 */
export const untilStopped = <Signal extends NodeJS.Signals>(signals: readonly Signal[]): Promise<Signal> =>
  new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal));
  });
