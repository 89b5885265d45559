import { formToken } from "../markup/layout.ts";
import { html, type Content } from "../markup/markup.ts";
import { BASE, type Visit } from "../visit.ts";

/** What went wrong with the last attempt. */
export type SignInProblem = "wrong" | "limited" | "refused" | "failed";

/** The ways in that are configured. */
export type SignInWays = { readonly token: boolean; readonly gitlab: boolean };

/** The form to sign in with, and the link to GitLab. `back` is where to go afterwards. */
export const signInPage = (
  visit: Visit,
  ways: SignInWays,
  back: string,
  problem: SignInProblem | null,
): Content => {
  const { t } = visit;
  return html`<div class="sign-in">
    ${problem === null ? null : html`<p class="notice bad" role="alert" id="problem">${t(`sign-in.${problem}`)}</p>`}
    ${
      ways.gitlab
        ? html`<p>
            <a class="button" href="${BASE}/sign-in/gitlab?${new URLSearchParams({ back }).toString()}"
              >${t("sign-in.gitlab")}</a
            >
          </p>`
        : null
    }
    ${ways.gitlab && ways.token ? html`<p class="soft">${t("sign-in.or")}</p>` : null}
    ${
      ways.token
        ? html`<form method="post" action="${BASE}/sign-in">
            ${formToken(visit)}<input type="hidden" name="back" value="${back}" />
            <label for="token">${t("sign-in.token")}</label>
            <input
              id="token"
              name="token"
              type="password"
              required
              autocomplete="current-password"
              aria-describedby="${problem === null ? "hint" : "problem hint"}"
            />
            <p class="hint" id="hint">${t("sign-in.hint")}</p>
            <button type="submit">${t("sign-in.submit")}</button>
          </form>`
        : null
    }
  </div>`;
};
