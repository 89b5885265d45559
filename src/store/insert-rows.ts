import type { Sql } from "./database.ts";

/** PostgreSQL counts parameters with 16 bits. */
const MAX_PARAMETERS = 60_000;

/**
 * Inserts `rows` into `reviewflow.<table>` with as few statements as parameters allow. All rows have the
 * same keys, which are the columns' names; these and the table's are ours, never data. `expressions`
 * turn a column's parameter into its value.
 */
export const insertRows = async (
  tx: Sql,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  expressions: Readonly<Record<string, (parameter: string) => string>> = {},
): Promise<void> => {
  const columns = Object.keys(rows[0] ?? {});
  const perStatement = Math.floor(MAX_PARAMETERS / Math.max(columns.length, 1));
  for (let start = 0; start < rows.length; start += perStatement) {
    const chunk = rows.slice(start, start + perStatement);
    const tuples = chunk.map((_, row) => {
      const values = columns.map((name, column) => {
        const parameter = `$${row * columns.length + column + 1}`;
        return expressions[name]?.(parameter) ?? parameter;
      });
      return `(${values.join(", ")})`;
    });
    await tx.query(
      `INSERT INTO reviewflow.${table} (${columns.join(", ")}) VALUES ${tuples.join(", ")}`,
      chunk.flatMap((row) => columns.map((column) => row[column])),
    );
  }
};

/** Text as PostgreSQL can hold it: it refuses U+0000, and UTF-8 has no lone surrogates. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll("\u0000", "\uFFFD");

/** The same for a column that may be null. */
export const storableTextOrNull = (text: string | null): string | null =>
  text === null ? null : storableText(text);
