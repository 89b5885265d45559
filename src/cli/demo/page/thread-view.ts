import type { Discussion, Note } from "../../../../standins/gitlab/state.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { renderMarkdown } from "./markdown.ts";
import { isPlaced, type PageModel, pathOf } from "./page-model.ts";
import { findSuggestion, toSuggestion } from "./suggestion.ts";

/** A form that does one thing; without a script it loads the page anew. */
export const actionForm = (model: PageModel, action: string, content: Content, kind = ""): Markup =>
  html`<form method="post" action="${pathOf(model.mergeRequest)}/-/act/${action}" class="act ${kind}">
    ${content}
  </form>`;

const hidden = (name: string, value: string | number): Markup =>
  html`<input type="hidden" name="${name}" value="${value}" />`;

/** When a note was written, as hours and minutes. */
export const clockTime = (timestamp: string): Markup =>
  html`<time datetime="${timestamp}">${new Date(timestamp).toTimeString().slice(0, 5)}</time>`;

const showSuggestion =
  ({ t, replaced }: PageModel, note: Note) =>
  (info: string, text: string): Markup | null => {
    const suggestion = toSuggestion(info, text);
    if (suggestion === null) return null;
    const lines = [
      ...(replaced.get(note.id) ?? []).map((line) => ({ kind: "removed", sign: "-", line })),
      ...suggestion.lines.map((line) => ({ kind: "added", sign: "+", line })),
    ];
    return html`<figure class="suggestion">
      <figcaption>${t("demo.suggestion")}</figcaption>
      <div class="scroll" tabindex="0">
        ${lines.map(({ kind, sign, line }) => html`<code class="${kind}"><span>${sign}</span>${line}</code>`)}
      </div>
    </figure>`;
  };

const initials = (name: string): string => name.slice(0, 1).toUpperCase();

/** One note of a person or the bot. */
export const noteView = (model: PageModel, note: Note): Markup => {
  const isBot = note.author.username === model.botUsername;
  return html`<article class="note ${isBot ? "bot" : ""}" id="note_${note.id}">
    <header>
      <span class="face" aria-hidden="true">${initials(note.author.name)}</span>
      <strong>@${note.author.username}</strong> ${clockTime(note.createdAt)}
    </header>
    <div class="written">${renderMarkdown(note.body, showSuggestion(model, note))}</div>
    ${isBot && note.resolvable ? null : thumbCount(model, note)}
  </article>`;
};

const countThumbs = ({ reactions }: PageModel, { id }: Note, name: string): number =>
  reactions.filter((one) => one.on === "Note" && one.id === id && one.name === name).length;

const thumbCount = (model: PageModel, note: Note): Content => {
  const [up, down] = [countThumbs(model, note, "thumbsup"), countThumbs(model, note, "thumbsdown")];
  return up + down === 0 ? null : html`<p class="soft">${model.t("demo.thumbs", { up, down })}</p>`;
};

/** A hand with its thumb up; fonts need not have one. */
const THUMB =
  "M2 7h2v7H2zM5.5 7 8.6 1.6a1.4 1.4 0 0 1 1.5 1.6L9.6 6H13a1.4 1.4 0 0 1 1.3 1.8l-1.5 5A1.6 1.6 0 0 1 11.3 14H5.5z";

const thumbs = (model: PageModel, note: Note): Markup => {
  const { t } = model;
  const button = (name: string, label: string): Markup =>
    html`<button name="name" value="${name}" class="plain" title="${label}" aria-label="${label}">
      <svg class="${name}" viewBox="0 0 16 16" aria-hidden="true"><path d="${THUMB}" /></svg>
      ${countThumbs(model, note, name)}
    </button>`;
  return actionForm(model, "thumb", [
    hidden("note", note.id),
    button("thumbsup", t("demo.thumb-up")),
    button("thumbsdown", t("demo.thumb-down")),
  ]);
};

const applyForm = (model: PageModel, discussion: Discussion, first: Note): Content =>
  !first.resolved && isPlaced(model.mergeRequest, first) && findSuggestion(first.body) !== null
    ? actionForm(model, "apply", [
        hidden("discussion", discussion.id),
        html`<button>${model.t("demo.apply")}</button>`,
      ])
    : null;

const resolveForm = (model: PageModel, { id }: Discussion, first: Note): Content =>
  first.resolvable && !first.resolved
    ? actionForm(model, "resolve", [
        hidden("discussion", id),
        html`<button class="quiet">${model.t("demo.resolve")}</button>`,
      ])
    : null;

const replyForm = (model: PageModel, { id }: Discussion): Markup =>
  actionForm(
    model,
    "reply",
    [
      hidden("discussion", id),
      html`<input
        name="body"
        required
        maxlength="4000"
        autocomplete="off"
        aria-label="${model.t("demo.reply-to")}"
        placeholder="${model.t("demo.reply-to")}"
      />`,
      html`<button class="quiet">${model.t("demo.reply")}</button>`,
    ],
    "line",
  );

/** A thread with its place, its state, its notes and what can be done about it. */
export const threadView = (model: PageModel, discussion: Discussion, place: Content = null): Content => {
  const [first] = discussion.notes;
  if (first === undefined) return null;
  const { t } = model;
  const state = !first.resolvable ? "talk" : first.resolved ? "resolved" : "open";
  const title = first.resolved ? t("demo.resolved") : t("demo.unresolved");
  return html`<details class="thread ${state}" id="thread-${discussion.id}" data-state="${state}" open>
    <summary>
      ${first.resolvable ? html`<span class="badge ${state}">${title}</span>` : html`<span class="soft">${t("demo.thread")}</span>`}
      ${place}
      ${first.resolvedBy === null ? null : html`<span class="soft">${t("demo.resolved-by", { who: `@${first.resolvedBy.username}` })}</span>`}
    </summary>
    ${discussion.notes.map((note) => noteView(model, note))}
    <div class="tools">
      ${applyForm(model, discussion, first)} ${resolveForm(model, discussion, first)}
      ${first.author.username === model.botUsername ? thumbs(model, first) : null}
    </div>
    ${replyForm(model, discussion)}
  </details>`;
};
