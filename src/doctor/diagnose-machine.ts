import { message } from "../messages/message.ts";
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

/** Diagnoses Node's version and the machine's memory. */
export const diagnoseMachine = ({
  nodeVersion: version,
  memoryBytes,
}: MachineFacts): readonly Diagnosis[] => {
  const major = Number.parseInt(version, 10);
  const fix = message("doctor.node.fix", { version: MADE_FOR });
  const memory = message("doctor.memory", { mib: Math.floor(memoryBytes / MIB) });
  const more = message("doctor.memory.fix");
  return [
    major < OLDEST
      ? fail("node", message("doctor.node.old", { version }), fix)
      : major < MADE_FOR
        ? warn("node", message("doctor.node.older", { version }), fix)
        : ok("node", message("doctor.node.ok", { version })),
    memoryBytes < MEMORY_FAIL_BYTES
      ? fail("memory", memory, more)
      : memoryBytes < MEMORY_WARN_BYTES
        ? warn("memory", memory, more)
        : ok("memory", memory),
  ];
};
