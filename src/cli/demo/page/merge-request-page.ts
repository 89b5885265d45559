import type { Discussion } from "../../../../standins/gitlab/state.ts";
import { assetUrl } from "./assets.ts";
import { diffView } from "./diff-view.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { type PageModel, pathOf } from "./page-model.ts";
import { actionsView, commitsView, deliveriesView, reviewerView } from "./side-view.ts";
import { formatMessage } from "../../../messages/format-message.ts";
import { LANGUAGES } from "../../../messages/language.ts";
import { actionForm, noteView, threadView } from "./thread-view.ts";

const navigation = ({ t, tabs }: PageModel): Markup =>
  html`<nav aria-label="${t("demo.merge-requests")}" id="tabs">
    <ul>
      ${tabs.map(
        ({ path, title, reference, isCurrent }) =>
          html`<li id="tab-${path}">
            <a href="${path}" ${isCurrent ? html`aria-current="page"` : null}
              >${title} <span class="soft">${reference}</span></a
            >
          </li>`,
      )}
    </ul>
  </nav>`;

const languages = ({ t, language, mergeRequest }: PageModel): Markup =>
  html`<ul class="languages" aria-label="${t("layout.language")}">
    ${LANGUAGES.map(
      (tag) =>
        html`<li>
          <a
            href="${pathOf(mergeRequest)}?lang=${tag}"
            lang="${tag}"
            ${tag === language ? html`aria-current="true"` : null}
            >${formatMessage(tag, "language.name")}</a
          >
        </li>`,
    )}
  </ul>`;

const header = (model: PageModel): Markup =>
  html`<header class="top">
    <a class="brand" href="/">${model.t("demo.brand")}</a>
    <a href="${model.dashboardUrl}" target="_blank" rel="noreferrer">${model.t("demo.dashboard")}</a>
    ${languages(model)}
  </header>`;

const heading = ({ t, mergeRequest }: PageModel): Markup => {
  const { state, title, iid, author, sourceBranch, targetBranch } = mergeRequest;
  return html`<h1>
      <span class="badge ${state}">${t(`demo.state.${state}`)}</span> ${title}
      <span class="soft">!${iid}</span>
    </h1>
    <p class="soft">
      ${t("demo.wants", { author: `@${author.username}`, from: sourceBranch, to: targetBranch })}
    </p>`;
};

const discussionView = (model: PageModel, discussion: Discussion): Content => {
  const [first] = discussion.notes;
  if (first === undefined) return null;
  if (first.system)
    return html`<p class="system soft" id="note_${first.id}">
      @${first.author.username} ${first.body.replace(/[0-9a-f]{40}/g, (sha) => sha.slice(0, 8))}
    </p>`;
  return discussion.individual
    ? html`<div class="alone" id="thread-${discussion.id}">${noteView(model, first)}</div>`
    : threadView(model, discussion);
};

const commentForm = (model: PageModel): Markup => {
  const { t } = model;
  return actionForm(
    model,
    "comment",
    html`<label for="body">${t("demo.ask")}</label>
      <textarea
        id="body"
        name="body"
        rows="2"
        required
        maxlength="4000"
        placeholder="${t("demo.ask-hint")}"
      ></textarea>
      <div class="tools">
        <button name="to" value="bot">${t("demo.ask-bot")}</button>
        <button name="to" value="all" class="quiet">${t("demo.comment")}</button>
      </div>`,
    "wide",
  );
};

const overview = (model: PageModel): Markup => {
  const { t, mergeRequest } = model;
  const shown = mergeRequest.discussions.filter(({ notes: [first] }) => first?.position === null);
  return html`<section id="overview">
    <h2>${t("demo.overview")}</h2>
    <div id="comments">
      ${shown.length === 0 ? html`<p class="hint">${t("demo.no-comments")}</p>` : shown.map((one) => discussionView(model, one))}
    </div>
    ${commentForm(model)}
  </section>`;
};

const document = (language: string, title: string, body: Content): Markup =>
  html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${assetUrl("page.css")}" />
        <script type="module" src="${assetUrl("page.mjs")}"></script>
      </head>
      <body>
        ${body}
      </body>
    </html>`;

/** A page that says one sentence. */
export const plainPage = (language: string, sentence: string): Markup =>
  document(
    language,
    formatMessage(language, "demo.brand"),
    html`<main>
      <p class="notice">${sentence}</p>
      <p><a href="/">${formatMessage(language, "demo.merge-requests")}</a></p>
    </main>`,
  );

/** A merge request as a reviewer sees it. */
export const mergeRequestPage = (model: PageModel): Markup => {
  const { t, language, modelName, mergeRequest } = model;
  const who = modelName === null ? t("demo.scripted") : t("demo.model", { name: modelName });
  return document(
    language,
    `${mergeRequest.title} (!${mergeRequest.iid}) · ${t("demo.brand")}`,
    html`<a class="skip" href="#main">${t("layout.skip")}</a>
      ${header(model)} ${navigation(model)}
      <main id="main" tabindex="-1">
        <p class="notice bad" id="ended" role="alert" hidden>${t("demo.ended")}</p>
        <p class="notice ${modelName === null ? "script" : ""}"><strong>${who}</strong> ${t("demo.about")}</p>
        ${heading(model)}
        <div class="columns">
          <div class="side">${actionsView(model)} ${reviewerView(model)}</div>
          <div class="middle">
            ${diffView(model)} ${overview(model)} ${commitsView(model)} ${deliveriesView(model)}
          </div>
        </div>
      </main>`,
  );
};
