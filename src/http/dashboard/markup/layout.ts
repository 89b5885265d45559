import { formatMessage } from "../../../messages/format-message.ts";
import { LANGUAGES } from "../../../messages/language.ts";
import { BASE, type Visit } from "../visit.ts";
import { assetUrl } from "../assets.ts";
import { TIME_ZONE } from "./format.ts";
import { type Content, html, type Markup } from "./markup.ts";

const PRODUCT = "Reviewflow";

const PAGES = [
  ["overview", ""],
  ["deliveries", "/deliveries"],
  ["runs", "/runs"],
  ["findings", "/findings"],
  ["projects", "/projects"],
  ["flows", "/flows"],
  ["shadow", "/shadow"],
  ["settings", "/settings"],
] as const;

/** A page of the navigation. */
type PageName = (typeof PAGES)[number][0];

/** What a page is made of. */
export type Page = {
  readonly title: string;
  /** Where it belongs in the navigation; null for pages outside it. */
  readonly place: PageName | null;
  readonly body: Content;
  /** Whether its live regions are fetched again when something happens. */
  readonly live?: boolean;
  /** What the last action came to. */
  readonly notice?: string | null;
};

/** The hidden field by which a form shows that it is ours. */
export const formToken = ({ formToken: token }: Visit): Markup =>
  html`<input type="hidden" name="form_token" value="${token}" />`;

/** A button that sends a form of its own. */
export const actionButton = (visit: Visit, path: string, label: string, kind = ""): Markup =>
  html`<form method="post" action="${BASE}${path}" class="action">
    ${formToken(visit)}<button type="submit" class="${kind}">${label}</button>
  </form>`;

const navigation = ({ t }: Visit, place: PageName | null): Markup =>
  html`<nav aria-label="${t("layout.navigation")}">
    <ul>
      ${PAGES.map(
        ([name, path]) =>
          html`<li>
            <a href="${BASE}${path}" ${name === place ? html`aria-current="page"` : null}
              >${t(`page.${name}`)}</a
            >
          </li>`,
      )}
    </ul>
  </nav>`;

const languageForm = (visit: Visit): Markup =>
  html`<form
    method="post"
    action="${BASE}/language"
    class="action"
    aria-label="${visit.t("layout.language")}"
  >
    ${formToken(visit)}<input type="hidden" name="back" value="${visit.here}" />
    ${LANGUAGES.filter((tag) => tag !== visit.language).map(
      (tag) =>
        html`<button type="submit" name="language" value="${tag}" lang="${tag}" class="plain">
          ${formatMessage(tag, "language.name")}
        </button>`,
    )}
  </form>`;

const header = (visit: Visit, place: PageName | null): Markup => {
  const { access, session, t } = visit;
  const isShut = access === "no-sign-in" || access === "not-local";
  const isSignedIn = access === "sign-in" && session.user !== null;
  return html`<header>
    <a class="brand" href="${BASE}">${PRODUCT}</a>
    ${access === "open" || isSignedIn ? navigation(visit, place) : null}
    <div class="account">
      ${isShut ? null : languageForm(visit)}
      ${isSignedIn ? actionButton(visit, "/sign-out", t("layout.sign-out"), "plain") : null}
    </div>
  </header>`;
};

/** A whole document around a page. */
export const layout = (visit: Visit, { title, place, body, live = false, notice = null }: Page): Markup => {
  const { t } = visit;
  return html`<!doctype html>
    <html lang="${visit.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${PRODUCT}</title>
        <link rel="icon" href="${assetUrl("icon.svg")}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assetUrl("dashboard.css")}" />
        <script type="module" src="${assetUrl("dashboard.mjs")}"></script>
      </head>
      <body ${live ? html`data-live="${BASE}/live"` : null}>
        <a class="skip" href="#content">${t("layout.skip")}</a>
        ${header(visit, place)}
        <main id="content" tabindex="-1">
          <h1>${title}</h1>
          ${notice === null ? null : html`<p class="notice" role="status">${notice}</p>`} ${body}
        </main>
        <footer>
          <p>${t("layout.time-zone", { zone: TIME_ZONE })}</p>
          ${visit.access === "open" ? html`<p>${t("layout.open-note")}</p>` : null}
        </footer>
      </body>
    </html>`;
};

/** A titled part of a page; with an id it is one of those that are fetched again while the page is open. */
export const section = (title: string, body: Content, id: string | null = null): Markup =>
  id === null
    ? html`<section>
        <h2>${title}</h2>
        ${body}
      </section>`
    : html`<section id="${id}" data-region>
        <h2>${title}</h2>
        ${body}
      </section>`;
