import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is asked; `id` comes back with the answer. */
export type Question = { readonly id: number } & (
  | { readonly kind: "run"; readonly sql: string; readonly params: readonly SQLInputValue[] }
  | { readonly kind: "script"; readonly sql: string }
  /** Rolls back what is open; nothing when SQLite has done so itself. */
  | { readonly kind: "rollback" }
  | { readonly kind: "backup"; readonly file: string }
  | { readonly kind: "close" }
);

/** What comes back; the rows are what the statement's author says. `errcode` is SQLite's extended result code. */
export type Answer =
  | { readonly id: number; readonly rows: readonly never[]; readonly changes: number }
  | { readonly id: number; readonly error: { readonly message: string; readonly errcode: number | null } };

/** What the thread is started with: the database's file. */
export type ThreadData = { readonly file: string };

/** Statements that are kept prepared. */
const MAX_STATEMENTS = 200;
/** Larger values are handed over to the other thread instead of being copied. */
const TRANSFER_ABOVE_BYTES = 64 * 1024;
/** Pages that a backup copies before it lets others ask; some 8 ms of reading on a slow disk. */
const BACKUP_PAGES = 512;

/** Who opens the database has the folder's lock, so that locks within the file are taken once and kept. */
const SETTINGS = `
  PRAGMA reviewflow.locking_mode = EXCLUSIVE;
  PRAGMA reviewflow.auto_vacuum = INCREMENTAL;
  PRAGMA reviewflow.journal_mode = WAL;
  PRAGMA reviewflow.synchronous = FULL;
  PRAGMA reviewflow.journal_size_limit = 16777216;
  PRAGMA reviewflow.cache_size = -8000;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
`;

const isThreadData = (data: unknown): data is ThreadData =>
  typeof data === "object" && data !== null && "file" in data && typeof data.file === "string";

const open = (file: string): DatabaseSync => {
  // The file is attached, so that tables are called reviewflow.NAME as on PostgreSQL.
  const db = new DatabaseSync(":memory:");
  try {
    db.exec(`ATTACH '${file.replaceAll("'", "''")}' AS reviewflow`);
    db.exec(SETTINGS);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const createStatements = (db: DatabaseSync) => {
  const known = new Map<string, StatementSync>();
  return (sql: string): StatementSync => {
    const statement = known.get(sql) ?? db.prepare(sql);
    known.delete(sql);
    known.set(sql, statement);
    const [oldest] = known.keys();
    if (known.size > MAX_STATEMENTS && oldest !== undefined) known.delete(oldest);
    return statement;
  };
};

const errcodeOf = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : null;

const largeValuesIn = (rows: readonly unknown[]): readonly ArrayBuffer[] =>
  rows.flatMap((row) =>
    typeof row !== "object" || row === null
      ? []
      : Object.values(row).flatMap((value: unknown) =>
          value instanceof Uint8Array &&
          value.byteLength > TRANSFER_ABOVE_BYTES &&
          value.buffer instanceof ArrayBuffer
            ? [value.buffer]
            : [],
        ),
  );

const answerAll = (file: string, port: NonNullable<typeof parentPort>): void => {
  let db: DatabaseSync | null = null;
  let statementOf: ReturnType<typeof createStatements> | null = null;
  const opened = (): { db: DatabaseSync; statementOf: (sql: string) => StatementSync } => {
    db ??= open(file);
    statementOf ??= createStatements(db);
    return { db, statementOf };
  };

  const carryOut = async (
    question: Question,
  ): Promise<{ readonly rows: readonly unknown[]; readonly changes: number }> => {
    const nothing = { rows: [], changes: 0 };
    switch (question.kind) {
      case "run": {
        const statement = opened().statementOf(question.sql);
        if (statement.columns().length === 0) {
          const { changes } = statement.run(...question.params);
          return { rows: [], changes: Number(changes) };
        }
        const rows = statement.all(...question.params);
        return { rows, changes: rows.length };
      }
      case "script":
        opened().db.exec(question.sql);
        return nothing;
      case "rollback":
        if (opened().db.isTransaction) opened().db.exec("ROLLBACK");
        return nothing;
      case "backup":
        await backup(opened().db, question.file, { source: "reviewflow", rate: BACKUP_PAGES });
        return nothing;
      case "close":
        db?.close();
        db = null;
        return nothing;
      default:
        return question satisfies never;
    }
  };

  const answer = async (question: Question): Promise<void> => {
    const { id } = question;
    try {
      const { rows, changes } = await carryOut(question);
      port.postMessage({ id, rows, changes }, [...largeValuesIn(rows)]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      port.postMessage({ id, error: { message, errcode: errcodeOf(error) } });
    }
    if (question.kind === "close") port.close();
  };
  port.on("message", (question: Question) => void answer(question));
};

if (parentPort !== null && isThreadData(workerData)) answerAll(workerData.file, parentPort);
