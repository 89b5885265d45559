import type { Run } from "../../../store/store.ts";
import { type Content, html, type Markup } from "./markup.ts";
import type { PageModel } from "./page-model.ts";
import { actionForm, clockTime } from "./thread-view.ts";

/** What somebody can do with one press of a button. */
export const actionsView = (model: PageModel): Markup => {
  const { texts } = model;
  return html`<section id="actions">
    <h2>${texts.actions}</h2>
    ${
      model.canFix
        ? [
            actionForm(model, "fix", html`<button>${texts.fix}</button>`),
            html`<p class="hint">${texts.fixHint}</p>`,
          ]
        : html`<p class="hint">${texts.fixed}</p>`
    }
    ${actionForm(model, "review", html`<button class="quiet">${texts.review}</button>`)}
    ${actionForm(model, "open", html`<button class="quiet">${texts.open}</button>`)}
  </section>`;
};

const MOST_RUNS = 5;

const runView = ({ texts, dashboardUrl }: PageModel, run: Run): Markup =>
  html`<li id="run-${run.id}">
    ${texts.kind[run.kind]}: <span class="badge ${run.state}">${texts.runState[run.state]}</span>
    <a href="${dashboardUrl}/runs/${run.id}" target="_blank" rel="noreferrer">${texts.toRun}</a>
    ${run.reason === null || run.state === "succeeded" ? null : html`<p class="soft">${run.reason}</p>`}
  </li>`;

/** What the reviewer is at; read aloud when it changes. */
export const reviewerView = (model: PageModel): Markup => {
  const { texts, runs, botUsername } = model;
  return html`<section id="reviewer">
    <h2>${texts.reviewer} <span class="soft">@${botUsername}</span></h2>
    <div role="status">
      ${
        runs.length === 0
          ? html`<p class="hint">${texts.idle}</p>`
          : html`<ul class="plain">
              ${runs.slice(0, MOST_RUNS).map((run) => runView(model, run))}
            </ul>`
      }
    </div>
    ${statusesView(model)}
  </section>`;
};

const statusesView = ({ texts, statuses, mergeRequest }: PageModel): Content =>
  statuses.length + mergeRequest.labels.length === 0
    ? null
    : html`<dl>
        ${
          mergeRequest.labels.length === 0
            ? null
            : html`<dt>${texts.labels}</dt>
                <dd>${mergeRequest.labels.map((label) => html`<span class="badge">${label}</span> `)}</dd>`
        }
        ${
          statuses.length === 0
            ? null
            : html`<dt>${texts.statuses}</dt>
                ${statuses.map(({ name, status, sha }) => html`<dd><code>${sha.slice(0, 8)}</code> ${name}: ${status}</dd>`)}`
        }
      </dl>`;

/** The commits of the merge request. */
export const commitsView = ({ texts, commits }: PageModel): Markup =>
  html`<section id="commits">
    <h2>${texts.commits} <span class="soft">${commits.length}</span></h2>
    <ul class="plain">
      ${commits.map(
        ({ sha, message, authorName }) =>
          html`<li id="commit-${sha}">
            <code>${sha.slice(0, 8)}</code> ${message.split("\n")[0] ?? ""}
            <span class="soft">${authorName}</span>
          </li>`,
      )}
    </ul>
  </section>`;

const MOST_DELIVERIES = 12;

/** What GitLab sent, and how it was answered. */
export const deliveriesView = ({ texts, deliveries }: PageModel): Markup =>
  html`<section id="deliveries">
    <h2>${texts.deliveries} <span class="soft">${deliveries.length}</span></h2>
    <p class="hint">${texts.deliveriesHint}</p>
    <div class="scroll" tabindex="0">
      <table>
        <caption class="unseen">
          ${texts.deliveries}
        </caption>
        <thead>
          <tr>
            <th scope="col">${texts.at}</th>
            <th scope="col">${texts.event}</th>
            <th scope="col">${texts.answer}</th>
            <th scope="col">${texts.took}</th>
          </tr>
        </thead>
        <tbody>
          ${deliveries.slice(0, MOST_DELIVERIES).map(
            ({ id, at, event, responseStatus, duration }) =>
              html`<tr id="delivery-${id}">
                <td>${clockTime(new Date(at).toISOString())}</td>
                <td>${event}</td>
                <td>${responseStatus}</td>
                <td>${Math.round(duration * 1_000)} ms</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
