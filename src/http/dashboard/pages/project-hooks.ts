import type { Translate } from "../../../messages/format-message.ts";
import type { HookHealth, SeenHook } from "../../../gitlab/hooks/hook-health.ts";
import type { ProjectView } from "../../../store/views/views.ts";
import { formatTime } from "../markup/format.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import { BASE } from "../visit.ts";

/** What can be said of hooks: `slow` when GitLab has not answered yet, null where there is no token to ask with. */
export type ShownHooks = HookHealth | "slow" | null;

const hooksUrl = (projectId: number): string => `${BASE}/projects/${projectId}/hooks`;

/**
 * The place for a project's hooks on a page that does not wait for GitLab: with a script, what `hooksPage`
 * has comes here by itself; without one, the link leads there.
 */
export const unaskedHooks = (t: Translate, projectId: number): Markup =>
  html`<section id="hooks" data-load="${hooksUrl(projectId)}">
    <h2>${t("project.hooks")}</h2>
    <p><a href="${hooksUrl(projectId)}">${t("project.ask")}</a></p>
  </section>`;

/** How a project's hooks are. */
export const hooksPage = (
  t: Translate,
  project: Pick<ProjectView, "id" | "path">,
  hooks: ShownHooks,
): Content => [
  html`<section id="hooks">
    <h2>${t("project.hooks")}</h2>
    ${hooksPart(t, project, hooks)}
  </section>`,
  html`<p><a href="${BASE}/projects/${project.id}">${t("project.back")}</a></p>`,
];

/** A command to be typed. */
export const command = (text: string): Markup => html`<pre><code>${text}</code></pre>`;

const hooksPart = (t: Translate, project: Pick<ProjectView, "id" | "path">, hooks: ShownHooks): Content => {
  const again = html`<a href="${hooksUrl(project.id)}">${t("project.ask-again")}</a>`;
  const doctor = [
    html`<p class="hint">${t("project.fix")}</p>`,
    command(`reviewflow doctor ${project.path}`),
  ];
  if (hooks === null) return html`<p class="empty">${t("project.no-token")}</p>`;
  if (hooks === "slow") return html`<p class="empty">${t("project.slow")} ${again}</p>`;
  if (hooks.kind === "unseen")
    return html`<p class="empty">
        ${t(`project.unseen.${hooks.why}`)} ${hooks.why === "no-answer" ? again : null}
      </p>
      <p class="hint">${t.message(hooks.reason)}</p>`;
  const isIll =
    hooks.hooks.length !== 1 ||
    hooks.hooks.some(({ disabled, differences }) => disabled !== null || differences.length > 0);
  return [
    table<SeenHook>({
      caption: t("project.hooks"),
      rows: hooks.hooks,
      empty: t("project.no-hook"),
      columns: [
        { head: t("project.hook"), kind: "number", cell: ({ id }) => String(id) },
        { head: t("project.address"), kind: "long", cell: ({ address }) => address },
        {
          head: t("project.at-gitlab"),
          cell: ({ disabled }) =>
            disabled === null
              ? html`<span class="badge succeeded">${t("project.called")}</span>`
              : html`<span class="badge failed">${t("project.disabled")}</span>
                  <span class="soft">${t("project.why")}</span> <code>${disabled.status}</code>`,
        },
        { head: t("project.until"), cell: ({ disabled }) => formatTime(t, disabled?.untilMs ?? null) },
        {
          head: t("project.differences"),
          kind: "long",
          cell: ({ differences }) => differences.map(t.message).join("; ") || "–",
        },
      ],
    }),
    isIll ? doctor : null,
  ];
};
