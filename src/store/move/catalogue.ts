import { z } from "zod";
import { StoreError } from "../../base/errors.ts";
import type { Sql } from "../database.ts";

/** A column as it is written back: its name and PostgreSQL's name of its type. */
export type Column = { readonly name: string; readonly type: string };

/** A table of ours. */
export type Table = {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The tables that its foreign keys refer to. */
  readonly references: readonly string[];
};

/** It says which version the tables have, and each database has its own. */
const OWN = "schema_version";

const ColumnRow = z.object({ table: z.string(), name: z.string(), type: z.string() });
const ReferenceRow = z.object({ table: z.string(), referred: z.string() });

/** The tables of the schema `reviewflow` as the database itself describes them, each behind those that it refers to. */
export const readTables = async (sql: Sql): Promise<readonly Table[]> => {
  const columns = z.array(ColumnRow).parse(
    await sql.query(
      `SELECT t.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_attribute a ON a.attrelid = t.oid
       WHERE n.nspname = 'reviewflow' AND t.relkind = 'r' AND t.relname <> $1
         AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       ORDER BY t.relname, a.attnum`,
      [OWN],
    ),
  );
  const references = z.array(ReferenceRow).parse(
    await sql.query(
      `SELECT t.relname AS "table", r.relname AS referred FROM pg_constraint c
       JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
       JOIN pg_namespace n ON n.oid = t.relnamespace
       WHERE n.nspname = 'reviewflow' AND c.contype = 'f' AND t.oid <> r.oid`,
    ),
  );
  const names = [...new Set(columns.map(({ table }) => table))];
  return orderTables(
    names.map((name) => ({
      name,
      columns: columns
        .filter(({ table }) => table === name)
        .map((row) => ({ name: row.name, type: row.type })),
      references: [
        ...new Set(references.filter(({ table }) => table === name).map(({ referred }) => referred)),
      ],
    })),
  );
};

/** Puts every table behind those that it refers to. Throws a StoreError where they refer to each other in a circle. */
export const orderTables = (tables: readonly Table[]): readonly Table[] => {
  const ordered: Table[] = [];
  const left = new Set(tables);
  while (left.size > 0) {
    const ready = [...left].filter(({ references }) =>
      references.every((referred) => ![...left].some(({ name }) => name === referred)),
    );
    if (ready.length === 0) {
      const names = [...left].map(({ name }) => name).join(", ");
      throw new StoreError(`The tables ${names} refer to each other in a circle.`, {
        code: "store-unmovable",
      });
    }
    for (const table of ready) {
      ordered.push(table);
      left.delete(table);
    }
  }
  return ordered;
};
