import { type Content, html, type Markup } from "./markup.ts";

/** A column: its heading, and what stands in it for a row. */
export type Column<T> = {
  readonly head: string;
  readonly cell: (row: T) => Content;
  /** Numbers stand at the right; long texts may break anywhere. */
  readonly kind?: "number" | "long";
};

/** What a table shows. */
export type Table<T> = {
  /** What the table is, for those who do not see what stands above it. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  /** What is said when there is no row. */
  readonly empty: string;
};

/**
 * A table, which becomes a list of cards on a narrow screen. The roles are stated, since browsers take
 * the sense of a table from elements whose display is changed.
 */
export const table = <T>({ caption, columns, rows, empty }: Table<T>): Markup =>
  rows.length === 0
    ? html`<p class="empty">${empty}</p>`
    : html`<table role="table">
        <caption class="unseen">
          ${caption}
        </caption>
        <thead role="rowgroup">
          <tr role="row">
            ${columns.map(
              ({ head, kind }) =>
                html`<th role="columnheader" scope="col" class="${kind ?? ""}">${head}</th>`,
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${rows.map(
            (row) =>
              html`<tr role="row">
                ${columns.map(
                  ({ head, cell, kind }) =>
                    html`<td role="cell" class="${kind ?? ""}" data-head="${head}">
                      <div>${cell(row)}</div>
                    </td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>`;

/** Names and values, one pair a line; short ones stand side by side when it is `compact`. */
export const facts = (
  pairs: readonly (readonly [name: Content, value: Content])[],
  kind: "lines" | "compact" = "lines",
): Markup =>
  html`<dl class="facts ${kind}">
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
