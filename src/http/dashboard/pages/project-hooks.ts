import type { HookHealth, SeenHook } from "../../../gitlab/hooks/hook-health.ts";
import type { ProjectView } from "../../../store/views/views.ts";
import { formatTime } from "../markup/format.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import type { Texts } from "../texts/english.ts";
import { projectTexts } from "../texts/project-texts.ts";
import { BASE } from "../visit.ts";

/** What can be said of hooks: `slow` when GitLab has not answered yet, null where there is no token to ask with. */
export type ShownHooks = HookHealth | "slow" | null;

const hooksUrl = (projectId: number): string => `${BASE}/projects/${projectId}/hooks`;

/**
 * The place for a project's hooks on a page that does not wait for GitLab: with a script, what `hooksPage`
 * has comes here by itself; without one, the link leads there.
 */
export const unaskedHooks = (texts: Texts, projectId: number): Markup =>
  html`<section id="hooks" data-load="${hooksUrl(projectId)}">
    <h2>${projectTexts(texts).hooks}</h2>
    <p><a href="${hooksUrl(projectId)}">${projectTexts(texts).ask}</a></p>
  </section>`;

/** How a project's hooks are. */
export const hooksPage = (
  texts: Texts,
  project: Pick<ProjectView, "id" | "path">,
  hooks: ShownHooks,
): Content => [
  html`<section id="hooks">
    <h2>${projectTexts(texts).hooks}</h2>
    ${hooksPart(texts, project, hooks)}
  </section>`,
  html`<p><a href="${BASE}/projects/${project.id}">${projectTexts(texts).back}</a></p>`,
];

/** A command to be typed. */
export const command = (text: string): Markup => html`<pre><code>${text}</code></pre>`;

const hooksPart = (texts: Texts, project: Pick<ProjectView, "id" | "path">, hooks: ShownHooks): Content => {
  const own = projectTexts(texts);
  const again = html`<a href="${hooksUrl(project.id)}">${own.askAgain}</a>`;
  const doctor = [html`<p class="hint">${own.mend}</p>`, command(`reviewflow doctor ${project.path}`)];
  if (hooks === null) return html`<p class="empty">${own.noToken}</p>`;
  if (hooks === "slow") return html`<p class="empty">${own.slow} ${again}</p>`;
  if (hooks.kind === "unseen")
    return html`<p class="empty">${own.unseen[hooks.why]} ${hooks.why === "no-answer" ? again : null}</p>
      <p class="hint">${hooks.reason}</p>`;
  const isIll =
    hooks.hooks.length !== 1 ||
    hooks.hooks.some(({ disabled, differences }) => disabled !== null || differences.length > 0);
  return [
    table<SeenHook>({
      caption: own.hooks,
      rows: hooks.hooks,
      empty: own.noHook,
      columns: [
        { head: own.hook, kind: "number", cell: ({ id }) => String(id) },
        { head: own.address, kind: "long", cell: ({ address }) => address },
        {
          head: own.atGitLab,
          cell: ({ disabled }) =>
            disabled === null
              ? html`<span class="badge succeeded">${own.called}</span>`
              : html`<span class="badge failed">${own.disabled}</span> <span class="soft">${own.why}</span>
                  <code>${disabled.status}</code>`,
        },
        { head: own.until, cell: ({ disabled }) => formatTime(texts, disabled?.untilMs ?? null) },
        { head: own.differences, kind: "long", cell: ({ differences }) => differences.join("; ") || "–" },
      ],
    }),
    isIll ? doctor : null,
  ];
};
