import { Registry, collectDefaultMetrics } from "prom-client";

let registry: Registry | null = null;

/**
 * CPU, memory, file descriptors, event loop and garbage collection of this process. There is one set for
 * the process, however many servers it runs: the observers behind it cannot be stopped again.
 */
export const processMetrics = (): Registry => {
  if (registry !== null) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};
