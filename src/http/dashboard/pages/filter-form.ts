import type { Translate } from "../../../messages/format-message.ts";
import { html, type Markup } from "../markup/markup.ts";
import { BASE } from "../visit.ts";

/** A field to narrow a list by. */
export type FilterField = {
  readonly name: string;
  readonly label: string;
  readonly value: string | null;
  /** The choices with their words; a free text when left out. */
  readonly choices?: readonly (readonly [value: string, word: string])[];
};

const control = (t: Translate, { name, value, choices }: FilterField): Markup =>
  choices === undefined
    ? html`<input name="${name}" value="${value ?? ""}" autocomplete="off" spellcheck="false" />`
    : html`<select name="${name}">
        <option value="">${t("list.all")}</option>
        ${choices.map(
          ([choice, word]) =>
            html`<option value="${choice}" ${choice === value ? html`selected` : null}>${word}</option>`,
        )}
      </select>`;

/** A form that narrows a list; it works without a script. */
export const filterForm = (t: Translate, path: string, fields: readonly FilterField[]): Markup =>
  html`<form method="get" action="${BASE}${path}" class="filter">
    ${fields.map((field) => html`<label><span>${field.label}</span>${control(t, field)}</label>`)}
    <button type="submit">${t("list.filter")}</button>
  </form>`;
