import { totalmem } from "node:os";
import type { MachineFacts } from "./diagnose-machine.ts";

/** Looks at what this process runs on; a container's limit counts where there is one. */
export const probeMachine = (): MachineFacts => {
  const limit = process.constrainedMemory();
  const total = totalmem();
  return {
    nodeVersion: process.versions.node,
    memoryBytes: limit > 0 && limit < total ? limit : total,
  };
};
