import type { Reason } from "../../../base/reason.ts";
import type { Translate } from "../../../messages/format-message.ts";
import { html, type Markup } from "./markup.ts";

/** A reason with its code, its sentence, and what its source says in its own words. */
export const reasonText = (t: Translate, reason: Reason): Markup => {
  const { detail } = reason.params;
  return html`<code>${reason.code}</code> <span class="reason">${t.reason(reason)}</span>${
      detail === undefined ? null : html`<span class="under">${detail}</span>`
    }`;
};
