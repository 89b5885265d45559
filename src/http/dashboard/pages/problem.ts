import type { Translate } from "../../../messages/format-message.ts";
import { html, type Content } from "../markup/markup.ts";
import { BASE } from "../visit.ts";

/** Why there is no page. */
export type ProblemKind = "missing" | "no-sign-in" | "not-local" | "forged" | "failed";

const STATUS = { missing: 404, "no-sign-in": 403, "not-local": 403, forged: 403, failed: 500 } as const;

/** The heading and the status of a problem. */
export const describeProblem = (t: Translate, kind: ProblemKind) => ({
  title: t(`problem.${kind}`),
  status: STATUS[kind],
});

/** What is said instead of a page. */
export const problemPage = (t: Translate, kind: ProblemKind): Content => {
  const hasHome = kind === "missing" || kind === "forged" || kind === "failed";
  return html`<p>${t(`problem.${kind}.text`)}</p>
    ${hasHome ? html`<p><a href="${BASE}">${t("problem.home")}</a></p>` : null}`;
};
