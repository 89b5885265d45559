import type { Reason } from "../../../base/reason.ts";
import { detailOf, type Translate } from "../../../messages/format-message.ts";
import { html, type Markup } from "./markup.ts";

/** A reason with its code, its sentence, and what is said besides. */
export const reasonText = (t: Translate, reason: Reason): Markup => {
  const detail = detailOf(t, reason);
  return html`<code>${reason.code}</code> <span class="reason">${t.reason(reason)}</span>${
      detail === null ? null : html`<span class="under">${detail}</span>`
    }`;
};
