import type { Translate } from "../../../messages/format-message.ts";
import type { Run, RunState } from "../../../store/store.ts";
import { parseStoredEvent } from "../../../review/stored-event.ts";
import { BASE } from "../visit.ts";
import { html, type Markup } from "./markup.ts";

/** A link out of the dashboard, if the address lies inside GitLab's; else its text alone. */
const gitlabLink = (gitlabUrl: string, address: string, text: string): Markup => {
  const url = URL.parse(address);
  const base = URL.parse(gitlabUrl);
  const isInside =
    url !== null && base !== null && url.origin === base.origin && url.protocol.startsWith("http");
  return isInside ? html`<a href="${url.href}" rel="noreferrer">${text}</a>` : html`${text}`;
};

/** How a merge request is named among people, such as `group/project!7`. */
export const mergeRequestName = (projectPath: string | null, iid: number | null): string =>
  `${projectPath ?? "?"}${iid === null ? "" : `!${iid}`}`;

/** A run's merge request, with its title where it is known. */
export const mergeRequestOf = (
  run: Run,
  gitlabUrl: string,
): { readonly link: Markup; readonly title: string } => {
  const event = parseStoredEvent(run.event);
  const name = mergeRequestName(run.projectPath, run.iid);
  return {
    link: event === null ? html`${name}` : gitlabLink(gitlabUrl, event.url, name),
    title: event?.title ?? "",
  };
};

/** A run's state as a badge, which leads to the run. */
export const stateBadge = (t: Translate, state: RunState): Markup =>
  html`<span class="badge ${state}">${t(`run-state.${state}`)}</span>`;

/** UUIDs of the same minute begin alike: their end tells them apart. */
export const runLink = (id: string): Markup =>
  html`<a href="${BASE}/runs/${encodeURIComponent(id)}"><code>${id.slice(-8)}</code></a>`;

/** A link to a delivery. */
export const deliveryLink = (id: string): Markup =>
  html`<a href="${BASE}/deliveries/${encodeURIComponent(id)}"><code>${id.slice(-8)}</code></a>`;

/** A path with a query of those values that are set. */
export const withQuery = (path: string, values: Readonly<Record<string, string | null>>): string => {
  const query = new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) =>
      value === null || value === "" ? [] : [[name, value]],
    ),
  ).toString();
  return `${BASE}${path}${query === "" ? "" : `?${query}`}`;
};

/** Where a list goes on. */
export const pager = (
  t: Translate,
  path: string,
  filter: Readonly<Record<string, string | null>>,
  {
    rows,
    more,
    before,
  }: {
    readonly rows: readonly { readonly id: string }[];
    readonly more: boolean;
    readonly before: string | null;
  },
): Markup => {
  const last = rows.at(-1);
  return html`<nav class="pager" aria-label="${t("list.older")}">
    ${before === null ? null : html`<a href="${withQuery(path, filter)}">${t("list.newest")}</a>`}
    ${
      more && last !== undefined
        ? html`<a href="${withQuery(path, { ...filter, before: last.id })}" rel="next">${t("list.older")}</a>`
        : null
    }
  </nav>`;
};
