import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What was seen of the store. */
export type StoreFacts =
  | {
      readonly kind: "embedded";
      readonly folder: string;
      /** `new`: nothing is there yet. `in-use`: a running server has it, which is as it should be. */
      readonly state: "new" | "opens" | "in-use" | "broken" | "unwritable";
      /** Why it is broken or cannot be written to. */
      readonly problem: string | null;
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
  | { readonly kind: "postgres-down"; readonly problem: string };

const MIB = 1024 * 1024;
const DISK_WARN_BYTES = 2_048 * MIB;
const DISK_FAIL_BYTES = 256 * MIB;

/** The oldest PostgreSQL that its makers still maintain. */
const OLDEST_POSTGRES = 14;

/** Judges whether the store opens, can be written to and has room. */
export const judgeStore = (facts: StoreFacts): readonly Diagnosis[] => {
  if (facts.kind === "embedded") return [judgeFolder(facts), judgeDisk(facts)];
  if (facts.kind === "postgres-down")
    return [
      fail(
        "store",
        facts.problem,
        "Check DATABASE_URL (host, port, user, password, database) and that the server takes connections from here",
      ),
    ];
  return judgePostgres(facts);
};

type Folder = Extract<StoreFacts, { kind: "embedded" }>;

const judgeFolder = ({ folder, state, problem }: Folder): Diagnosis => {
  switch (state) {
    case "new":
      return ok("store", `${folder} will hold the store; it is made when the server starts`);
    case "opens":
      return ok("store", `The store in ${folder} opens`);
    case "in-use":
      return ok("store", `The store in ${folder} is in use by a running server`);
    case "unwritable":
      return fail(
        "store",
        `${folder} cannot be written to (${problem ?? "unknown"})`,
        "Give the user that runs the server the right to write there, or name another folder with REVIEWFLOW_DATA_DIR",
      );
    case "broken":
      return fail(
        "store",
        `The store in ${folder} does not open: ${problem ?? "unknown"}`,
        "Put a copy of the folder back, or move it away and start with an empty one",
      );
  }
};

const judgeDisk = ({ folder, freeBytes }: Folder): Diagnosis => {
  const check = "disk";
  if (freeBytes === null)
    return warn(
      check,
      `The free space of ${folder} cannot be seen`,
      "See with df -h that its disk has a few gigabytes",
    );
  const free = `${Math.floor(freeBytes / MIB)} MiB are free on the disk of ${folder}`;
  const mend = "Make room on that disk, or move the folder to another one (REVIEWFLOW_DATA_DIR)";
  if (freeBytes < DISK_FAIL_BYTES) return fail(check, free, mend);
  return freeBytes < DISK_WARN_BYTES ? warn(check, free, mend) : ok(check, free);
};

const judgePostgres = (facts: Extract<StoreFacts, { kind: "postgres" }>): readonly Diagnosis[] => {
  const major = Math.floor(facts.versionNumber / 10_000);
  const what = `PostgreSQL ${major} answers`;
  const version =
    major < OLDEST_POSTGRES
      ? fail("store-version", `${what}, which is too old`, "Update PostgreSQL to 14 or newer")
      : ok("store-version", what);
  const writing = facts.isReadOnly
    ? fail(
        "store",
        "The database is read-only",
        "Point DATABASE_URL at the primary server, or end its read-only mode (default_transaction_read_only)",
      )
    : facts.mayCreate
      ? ok("store", "The database can be written to")
      : fail(
          "store",
          "The user of DATABASE_URL may not make our tables",
          "Let it: GRANT CREATE ON DATABASE … TO …",
        );
  return [version, writing];
};
