import { html, type Content } from "../markup/markup.ts";
import type { Texts } from "../texts/english.ts";
import { BASE } from "../visit.ts";

/** Why there is no page. */
export type ProblemKind = "missing" | "no-sign-in" | "not-local" | "forged" | "failed";

/** The heading, text and status of a problem. */
export const describeProblem = (
  { problems }: Texts,
  kind: ProblemKind,
): { readonly title: string; readonly text: string; readonly status: 403 | 404 | 500 } => {
  switch (kind) {
    case "missing":
      return { title: problems.missing, text: problems.missingText, status: 404 };
    case "no-sign-in":
      return { title: problems.noSignInTitle, text: problems.noSignIn, status: 403 };
    case "not-local":
      return { title: problems.notLocalTitle, text: problems.notLocal, status: 403 };
    case "forged":
      return { title: problems.forged, text: problems.forgedText, status: 403 };
    case "failed":
      return { title: problems.failed, text: problems.failedText, status: 500 };
  }
};

/** What is said instead of a page. */
export const problemPage = (texts: Texts, kind: ProblemKind): Content => {
  const hasHome = kind === "missing" || kind === "forged" || kind === "failed";
  return html`<p>${describeProblem(texts, kind).text}</p>
    ${hasHome ? html`<p><a href="${BASE}">${texts.problems.home}</a></p>` : null}`;
};
