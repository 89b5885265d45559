/**
 * Loaded in the thread of the embedded database before the thread itself: its clock is moved on, and statements that
 * write fail as they would on a file that another process has locked, or on a disk that is full or broken. Both are
 * told by memory that the threads share.
 */
import { DatabaseSync, StatementSync } from "node:sqlite";
import { getEnvironmentData } from "node:worker_threads";

/** The name of the shared memory, and the places of its 64-bit numbers. */
export const SHARED = "reviewflow:soak";
export const MOVED_MS = 0;
/** The result code that writes end with; 0 for none. */
export const RESULT_CODE = 1;
export const STRUCK = 2;
export const ASKED = 3;

const WRITES = /^\s*(?:begin immediate|commit|insert|update|delete|with[\s\S]*\b(?:insert|update|delete)\b)/i;

const shared = getEnvironmentData(SHARED);
if (shared instanceof SharedArrayBuffer) {
  const cells = new BigInt64Array(shared);
  const failIfAsked = (sql: string): void => {
    Atomics.add(cells, ASKED, 1n);
    const errcode = Number(Atomics.load(cells, RESULT_CODE));
    if (errcode === 0 || !WRITES.test(sql)) return;
    Atomics.add(cells, STRUCK, 1n);
    throw Object.assign(new Error(`result code ${errcode}`), { code: "ERR_SQLITE_ERROR", errcode });
  };
  const moved = new WeakSet<DatabaseSync>();
  // Each is called on whatever it was called on; the rest of this file sees to that.
  // oxlint-disable-next-line typescript/unbound-method
  const { exec } = DatabaseSync.prototype;
  // oxlint-disable-next-line typescript/unbound-method
  const { run, all } = StatementSync.prototype;
  Object.assign(DatabaseSync.prototype, {
    exec(this: DatabaseSync, sql: string): void {
      if (!moved.has(this))
        this.function("unixepoch", { deterministic: false }, (modifier) => {
          if (modifier !== "subsec") throw new Error("The moved clock knows unixepoch('subsec') only.");
          return (Date.now() + Number(Atomics.load(cells, MOVED_MS))) / 1_000;
        });
      moved.add(this);
      failIfAsked(sql);
      exec.call(this, sql);
    },
  });
  Object.assign(StatementSync.prototype, {
    run(this: StatementSync, ...params: Parameters<StatementSync["run"]>) {
      failIfAsked(this.sourceSQL);
      return run.apply(this, params);
    },
    all(this: StatementSync, ...params: Parameters<StatementSync["all"]>) {
      failIfAsked(this.sourceSQL);
      return all.apply(this, params);
    },
  });
}
