import type { FileDiff } from "../../../../standins/gitlab/raw-diff.ts";
import type { Discussion } from "../../../../standins/gitlab/state.ts";
import { type DiffRow, readDiffRows } from "./diff-rows.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { isPlaced, type PageModel } from "./page-model.ts";
import { threadView } from "./thread-view.ts";

const SIGNS = { added: "+", removed: "-", same: " " } as const;

/** The threads that hang on a file, with or without a line. */
const threadsOf = ({ mergeRequest }: PageModel, file: FileDiff): readonly Discussion[] =>
  mergeRequest.discussions.filter(({ notes: [first] }) => {
    const position = first?.position ?? null;
    return position !== null && (position.new_path === file.newPath || position.old_path === file.oldPath);
  });

const isOn = (row: DiffRow, { notes: [first] }: Discussion): boolean => {
  const position = first?.position ?? null;
  if (row.kind === "hunk" || position === null) return false;
  return position.new_line === null
    ? position.old_line === row.oldLine && row.kind === "removed"
    : position.new_line === row.newLine;
};

const rowView = (model: PageModel, row: DiffRow, threads: readonly Discussion[]): Markup => {
  if (row.kind === "hunk")
    return html`<tr class="hunk">
      <td colspan="3">${row.text}</td>
    </tr>`;
  const here = threads.filter((thread) => isOn(row, thread));
  return html`<tr class="${row.kind}">
      <td class="number">${row.oldLine}</td>
      <td class="number">${row.newLine}</td>
      <td class="code">
        <code><span class="sign">${SIGNS[row.kind]}</span>${row.text}</code>
      </td>
    </tr>
    ${
      here.length === 0
        ? null
        : html`<tr class="threads">
            <td colspan="3">${here.map((thread) => threadView(model, thread))}</td>
          </tr>`
    }`;
};

/** Where a thread hung that has no line in what is shown. */
const placeOf = ({ t }: PageModel, { notes: [first] }: Discussion): Content => {
  const position = first?.position ?? null;
  if (position === null) return null;
  const line = position.new_line ?? position.old_line;
  return line === null
    ? html`<span class="soft">${t("demo.file")}</span>`
    : html`<code>${position.new_path}:${line}</code> <span class="soft">${t("demo.earlier")}</span>`;
};

const fileView = (model: PageModel, file: FileDiff): Markup => {
  const { t } = model;
  const rows = readDiffRows(file.hunks);
  const threads = threadsOf(model, file);
  const placed = threads.filter(
    ({ notes: [first] }) => first !== undefined && isPlaced(model.mergeRequest, first),
  );
  const apart = threads.filter(
    (thread) => !placed.some((one) => one === thread && rows.some((row) => isOn(row, one))),
  );
  return html`<section class="file" id="file-${file.newPath}">
    <h3>
      <code>${file.newPath}</code>
      <span class="count"
        ><span class="plus">+${count(rows, "added")}</span>
        <span class="minus">−${count(rows, "removed")}</span></span
      >
    </h3>
    <div class="diff" tabindex="0">
      <table>
        <caption class="unseen">
          ${t("demo.diff-of", { path: file.newPath })}
        </caption>
        <thead class="unseen">
          <tr>
            <th scope="col">${t("demo.old-line")}</th>
            <th scope="col">${t("demo.new-line")}</th>
            <th scope="col">${t("demo.code")}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => rowView(model, row, placed))}
        </tbody>
      </table>
    </div>
    ${apart.map((thread) => threadView(model, thread, placeOf(model, thread)))}
  </section>`;
};

const count = (rows: readonly DiffRow[], kind: DiffRow["kind"]): number =>
  rows.filter((row) => row.kind === kind).length;

/** Every changed file with its threads under their lines. */
export const diffView = (model: PageModel): Markup => {
  const shown = new Set(model.files.flatMap((file) => threadsOf(model, file)));
  const lost = model.mergeRequest.discussions.filter(
    (thread) => (thread.notes[0]?.position ?? null) !== null && !shown.has(thread),
  );
  return html`<section id="changes">
    <h2>${model.t("demo.changes")} <span class="soft">${model.files.length}</span></h2>
    ${model.files.map((file) => fileView(model, file))}
    ${lost.map((thread) => threadView(model, thread, placeOf(model, thread)))}
  </section>`;
};
