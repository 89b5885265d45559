import { z } from "zod";
import type { Sql } from "../database.ts";
import type { Column, Table } from "./catalogue.ts";

/** Rows in memory at once; of tables with raw bytes few, since one may have 25 MB. */
const ROWS_AT_ONCE = 200;
const LARGE_ROWS_AT_ONCE = 4;

const Row = z.record(z.string(), z.string().nullable());

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Every value travels as text, which both databases write and read alike; bytes as base64. */
const asText = ({ name, type }: Column): string =>
  type === "bytea"
    ? `encode(${quoted(name)}, 'base64') AS ${quoted(name)}`
    : `${quoted(name)}::text AS ${quoted(name)}`;

const fromText = ({ type }: Column, parameter: string): string =>
  type === "bytea" ? `decode(${parameter}::text, 'base64')` : `${parameter}::text::${type}`;

/** Copies the rows of a table, both sides in a transaction of the caller; returns how many they were. */
export const copyTable = async (from: Sql, to: Sql, table: Table): Promise<number> => {
  const { columns } = table;
  const name = `reviewflow.${quoted(table.name)}`;
  const size = columns.some(({ type }) => type === "bytea") ? LARGE_ROWS_AT_ONCE : ROWS_AT_ONCE;
  await from.script(
    `DECLARE moving NO SCROLL CURSOR FOR SELECT ${columns.map(asText).join(", ")} FROM ${name}`,
  );
  let copied = 0;
  for (;;) {
    const rows = z.array(Row).parse(await from.query(`FETCH ${size} FROM moving`));
    if (rows.length === 0) break;
    const tuples = rows.map(
      (_, row) =>
        `(${columns.map((column, at) => fromText(column, `$${row * columns.length + at + 1}`)).join(", ")})`,
    );
    await to.query(
      `INSERT INTO ${name} (${columns.map((column) => quoted(column.name)).join(", ")})
       OVERRIDING SYSTEM VALUE VALUES ${tuples.join(", ")}`,
      rows.flatMap((row) => columns.map((column) => row[column.name] ?? null)),
    );
    copied += rows.length;
  }
  await from.script("CLOSE moving");
  return copied;
};

const Sequence = z.object({ name: z.string(), last: z.coerce.string() });

/** Lets the sequences go on where those of the source stand, so that the order of arrival is kept. */
export const copySequences = async (from: Sql, to: Sql): Promise<void> => {
  const rows = await from.query(
    `SELECT sequencename AS name, last_value::text AS last FROM pg_sequences
     WHERE schemaname = 'reviewflow' AND last_value IS NOT NULL`,
  );
  for (const { name, last } of z.array(Sequence).parse(rows))
    await to.query("SELECT setval($1::text::regclass, $2::text::bigint)", [
      `reviewflow.${quoted(name)}`,
      last,
    ]);
};
