import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What the server would run on. */
export type MachineFacts = {
  /** Such as `26.10.0`. */
  readonly nodeVersion: string;
  /** All memory that this process may use. */
  readonly memoryBytes: number;
};

const MIB = 1024 * 1024;
const MEMORY_WARN_BYTES = 1_024 * MIB;
const MEMORY_FAIL_BYTES = 512 * MIB;

/** The Node that the sources are written for, and the oldest that can read them. */
const MADE_FOR = 26;
const OLDEST = 24;

/** Judges Node's version and the machine's memory. */
export const judgeMachine = ({ nodeVersion, memoryBytes }: MachineFacts): readonly Diagnosis[] => {
  const major = Number.parseInt(nodeVersion, 10);
  const mend = `Start it as reviewflow (bin/reviewflow.mjs), which brings its own Node ${MADE_FOR}`;
  const memory = `${Math.floor(memoryBytes / MIB)} MiB of memory`;
  const more = "Give the machine or the container 1 GiB or more";
  return [
    major < OLDEST
      ? fail("node", `Node ${nodeVersion} is too old`, mend)
      : major < MADE_FOR
        ? warn("node", `Node ${nodeVersion} is older than the one that this is tested with`, mend)
        : ok("node", `Node ${nodeVersion}`),
    memoryBytes < MEMORY_FAIL_BYTES
      ? fail("memory", `Only ${memory}`, more)
      : memoryBytes < MEMORY_WARN_BYTES
        ? warn("memory", `Only ${memory}`, more)
        : ok("memory", memory),
  ];
};
