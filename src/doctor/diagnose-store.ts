import { type Message, message } from "../messages/message.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What was seen of the store. */
export type StoreFacts =
  | {
      readonly kind: "embedded";
      readonly folder: string;
      /** `new`: nothing is there yet. `in-use`: a running server has it, which is as it should be. */
      readonly state: "new" | "opens" | "in-use" | "broken" | "unwritable";
      /** Why it is broken or cannot be written to. */
      readonly problem: Message | null;
      /** Free for us on its disk; null where the system does not tell. */
      readonly freeBytes: number | null;
    }
  | {
      readonly kind: "postgres";
      /** Such as 150004 for 15.4. */
      readonly versionNumber: number;
      readonly isReadOnly: boolean;
      /** Whether our tables are there or may be made. */
      readonly mayCreate: boolean;
    }
  | { readonly kind: "postgres-down"; readonly problem: Message };

const MIB = 1024 * 1024;
const DISK_WARN_BYTES = 2_048 * MIB;
const DISK_FAIL_BYTES = 256 * MIB;

/** The oldest PostgreSQL that its makers still maintain. */
const OLDEST_POSTGRES = 14;

/** Diagnoses whether the store opens, can be written to and has room. */
export const diagnoseStore = (facts: StoreFacts): readonly Diagnosis[] => {
  if (facts.kind === "embedded") return [diagnoseFolder(facts), diagnoseDisk(facts)];
  if (facts.kind === "postgres-down")
    return [fail("store", facts.problem, message("doctor.store.postgres-down.fix"))];
  return diagnosePostgres(facts);
};

type Folder = Extract<StoreFacts, { kind: "embedded" }>;

const diagnoseFolder = ({ folder, state, problem }: Folder): Diagnosis =>
  state === "unwritable" || state === "broken"
    ? fail(
        "store",
        message(`doctor.store.${state}`, { folder, problem: problem ?? "?" }),
        message(`doctor.store.${state}.fix`),
      )
    : ok("store", message(`doctor.store.${state}`, { folder }));

const diagnoseDisk = ({ folder, freeBytes }: Folder): Diagnosis => {
  const check = "disk";
  if (freeBytes === null)
    return warn(check, message("doctor.disk.unknown", { folder }), message("doctor.disk.unknown.fix"));
  const free = message("doctor.disk", { mib: Math.floor(freeBytes / MIB), folder });
  const fix = message("doctor.disk.fix");
  if (freeBytes < DISK_FAIL_BYTES) return fail(check, free, fix);
  return freeBytes < DISK_WARN_BYTES ? warn(check, free, fix) : ok(check, free);
};

const diagnosePostgres = (facts: Extract<StoreFacts, { kind: "postgres" }>): readonly Diagnosis[] => {
  const version = Math.floor(facts.versionNumber / 10_000);
  const isOld = version < OLDEST_POSTGRES;
  return [
    isOld
      ? fail("store-version", message("doctor.postgres.old", { version }), message("doctor.postgres.old.fix"))
      : ok("store-version", message("doctor.postgres.ok", { version })),
    facts.isReadOnly
      ? fail("store", message("doctor.store.read-only"), message("doctor.store.read-only.fix"))
      : facts.mayCreate
        ? ok("store", message("doctor.store.writable"))
        : fail("store", message("doctor.store.no-create"), message("doctor.store.no-create.fix")),
  ];
};
