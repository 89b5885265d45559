import type { Run } from "../../../store/store.ts";
import { type Content, html, type Markup } from "./markup.ts";
import type { PageModel } from "./page-model.ts";
import { actionForm, clockTime } from "./thread-view.ts";

/** What somebody can do with one press of a button. */
export const actionsView = (model: PageModel): Markup => {
  const { t } = model;
  return html`<section id="actions">
    <h2>${t("demo.actions")}</h2>
    ${
      model.canFix
        ? [
            actionForm(model, "fix", html`<button>${t("demo.fix")}</button>`),
            html`<p class="hint">${t("demo.fix-hint")}</p>`,
          ]
        : html`<p class="hint">${t("demo.fixed")}</p>`
    }
    ${actionForm(model, "review", html`<button class="quiet">${t("demo.review")}</button>`)}
    ${actionForm(model, "open", html`<button class="quiet">${t("demo.open")}</button>`)}
  </section>`;
};

const MOST_RUNS = 5;

const runView = ({ t, dashboardUrl }: PageModel, run: Run): Markup =>
  html`<li id="run-${run.id}">
    ${t(`demo.kind.${run.kind}`)}: <span class="badge ${run.state}">${t(`run-state.${run.state}`)}</span>
    <a href="${dashboardUrl}/runs/${run.id}" target="_blank" rel="noreferrer">${t("demo.to-run")}</a>
    ${run.reason === null || run.state === "succeeded" ? null : html`<p class="soft">${t.reason(run.reason)}</p>`}
  </li>`;

/** What the reviewer is at; read aloud when it changes. */
export const reviewerView = (model: PageModel): Markup => {
  const { t, runs, botUsername } = model;
  return html`<section id="reviewer">
    <h2>${t("demo.reviewer")} <span class="soft">@${botUsername}</span></h2>
    <div role="status">
      ${
        runs.length === 0
          ? html`<p class="hint">${t("demo.idle")}</p>`
          : html`<ul class="plain">
              ${runs.slice(0, MOST_RUNS).map((run) => runView(model, run))}
            </ul>`
      }
    </div>
    ${statusesView(model)}
  </section>`;
};

const statusesView = ({ t, statuses, mergeRequest }: PageModel): Content =>
  statuses.length + mergeRequest.labels.length === 0
    ? null
    : html`<dl>
        ${
          mergeRequest.labels.length === 0
            ? null
            : html`<dt>${t("demo.labels")}</dt>
                <dd>${mergeRequest.labels.map((label) => html`<span class="badge">${label}</span> `)}</dd>`
        }
        ${
          statuses.length === 0
            ? null
            : html`<dt>${t("demo.statuses")}</dt>
                ${statuses.map(({ name, status, sha }) => html`<dd><code>${sha.slice(0, 8)}</code> ${name}: ${status}</dd>`)}`
        }
      </dl>`;

/** The commits of the merge request. */
export const commitsView = ({ t, commits }: PageModel): Markup =>
  html`<section id="commits">
    <h2>${t("demo.commits")} <span class="soft">${commits.length}</span></h2>
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
export const deliveriesView = ({ t, deliveries }: PageModel): Markup =>
  html`<section id="deliveries">
    <h2>${t("demo.deliveries")} <span class="soft">${deliveries.length}</span></h2>
    <p class="hint">${t("demo.deliveries-hint")}</p>
    <div class="scroll" tabindex="0">
      <table>
        <caption class="unseen">
          ${t("demo.deliveries")}
        </caption>
        <thead>
          <tr>
            <th scope="col">${t("demo.at")}</th>
            <th scope="col">${t("demo.event")}</th>
            <th scope="col">${t("demo.response")}</th>
            <th scope="col">${t("demo.took")}</th>
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
