import type { Discussion } from "../../../../standins/gitlab/state.ts";
import { assetUrl } from "./assets.ts";
import { diffView } from "./diff-view.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { type PageModel, pathOf } from "./page-model.ts";
import { actionsView, commitsView, deliveriesView, reviewerView } from "./side-view.ts";
import { LANGUAGES } from "./texts/choose-texts.ts";
import type { PageTexts } from "./texts/english.ts";
import { actionForm, noteView, threadView } from "./thread-view.ts";

const navigation = ({ texts, tabs }: PageModel): Markup =>
  html`<nav aria-label="${texts.mergeRequests}" id="tabs">
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

const languages = ({ texts, mergeRequest }: PageModel): Markup =>
  html`<ul class="languages" aria-label="${texts.languages}">
    ${LANGUAGES.map(
      ({ language, name }) =>
        html`<li>
          <a
            href="${pathOf(mergeRequest)}?lang=${language}"
            lang="${language}"
            ${language === texts.language ? html`aria-current="true"` : null}
            >${name}</a
          >
        </li>`,
    )}
  </ul>`;

const header = (model: PageModel): Markup =>
  html`<header class="top">
    <a class="brand" href="/">${model.texts.brand}</a>
    <a href="${model.dashboardUrl}" target="_blank" rel="noreferrer">${model.texts.dashboard}</a>
    ${languages(model)}
  </header>`;

const heading = ({ texts, mergeRequest }: PageModel): Markup => {
  const { state, title, iid, author, sourceBranch, targetBranch } = mergeRequest;
  return html`<h1>
      <span class="badge ${state}">${texts.state[state]}</span> ${title} <span class="soft">!${iid}</span>
    </h1>
    <p class="soft">${texts.wants(`@${author.username}`, sourceBranch, targetBranch)}</p>`;
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
  const { texts } = model;
  return actionForm(
    model,
    "comment",
    html`<label for="body">${texts.ask}</label>
      <textarea
        id="body"
        name="body"
        rows="2"
        required
        maxlength="4000"
        placeholder="${texts.askHint}"
      ></textarea>
      <div class="tools">
        <button name="to" value="bot">${texts.askBot}</button>
        <button name="to" value="all" class="quiet">${texts.comment}</button>
      </div>`,
    "wide",
  );
};

const overview = (model: PageModel): Markup => {
  const { texts, mergeRequest } = model;
  const shown = mergeRequest.discussions.filter(({ notes: [first] }) => first?.position === null);
  return html`<section id="overview">
    <h2>${texts.overview}</h2>
    <div id="comments">
      ${shown.length === 0 ? html`<p class="hint">${texts.noComments}</p>` : shown.map((one) => discussionView(model, one))}
    </div>
    ${commentForm(model)}
  </section>`;
};

const document = (texts: PageTexts, title: string, body: Content): Markup =>
  html`<!doctype html>
    <html lang="${texts.language}">
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
export const plainPage = (texts: PageTexts, sentence: string): Markup =>
  document(
    texts,
    texts.brand,
    html`<main>
      <p class="notice">${sentence}</p>
      <p><a href="/">${texts.mergeRequests}</a></p>
    </main>`,
  );

/** A merge request as a reviewer sees it. */
export const mergeRequestPage = (model: PageModel): Markup => {
  const { texts, modelName, mergeRequest } = model;
  const who = modelName === null ? texts.scripted : texts.model(modelName);
  return document(
    texts,
    `${mergeRequest.title} (!${mergeRequest.iid}) · ${texts.brand}`,
    html`<a class="skip" href="#main">${texts.skip}</a>
      ${header(model)} ${navigation(model)}
      <main id="main" tabindex="-1">
        <p class="notice bad" id="ended" role="alert" hidden>${texts.ended}</p>
        <p class="notice ${modelName === null ? "script" : ""}"><strong>${who}</strong> ${texts.standIn}</p>
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
