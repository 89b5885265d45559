import { Hono } from "hono";
import type { Flow } from "../../../flow/flow.ts";
import type { Run } from "../../../store/store.ts";
import { html, type Content } from "../markup/markup.ts";
import { BASE, type DashboardEnv, type Visit } from "../visit.ts";
import { findLiveAsset, liveAssetUrl } from "./live-assets.ts";
import { flowOfCall, isOver, type LiveRunOptions } from "./live-options.ts";
import {
  callHead,
  callList,
  callPicture,
  plainPicture,
  type ProgressView,
  stepList,
} from "./progress-markup.ts";
import { type Call, chooseCall, createRunProgress } from "./run-progress.ts";
import { createEventStreams } from "./stream-events.ts";

/** The picture of runs: its part of a page, and what keeps an open page up to date. */
export type LiveRun = {
  /** The part of the run's page; `wanted` is the id of a call that was chosen. Complete without a script. */
  readonly part: (visit: Visit, run: Run, wanted: string | null) => Promise<Content>;
  readonly routes: Hono<DashboardEnv>;
  /** Ends every stream; before the server stops. */
  readonly close: () => void;
};

const pathOf = (run: Run): string => `${BASE}/runs/${encodeURIComponent(run.id)}`;

const eventsAddress = (run: Run, call: Call | undefined, after: number, wanted: string | null): string => {
  const query = new URLSearchParams({ after: String(after) });
  if (call !== undefined) query.set("call", call.id);
  if (call === undefined || call.id !== wanted) query.set("follow", "1");
  return `${pathOf(run)}/events?${query.toString()}`;
};

const nothingYet = (view: ProgressView, flow: Flow | null): Content => [
  html`<p class="hint">${view.t("live.nothing-yet")}</p>`,
  flow === null ? html`<p class="empty">${view.t("run.picture-elsewhere")}</p>` : plainPicture(view, flow),
];

/** Makes the pictures of runs. */
export const createLiveRun = (options: LiveRunOptions): LiveRun => {
  const { store, flows, masking } = options;
  const viewFor = ({ t }: Visit): ProgressView => ({ t, masking });
  const streams = createEventStreams(options, viewFor);
  const routes = new Hono<DashboardEnv>();
  routes.get("/live-assets/:name", (context) => {
    const asset = findLiveAsset(context.req.param("name"));
    if (asset === undefined) return context.text("", 404);
    const cache = "private, max-age=31536000, immutable";
    return context.body(asset.text, 200, { "content-type": asset.type, "cache-control": cache });
  });
  routes.get("/runs/:id/events", (context) => streams.connect(context));
  return {
    routes,
    close: streams.close,
    part: async (visit, run, wanted) => {
      const view = viewFor(visit);
      const progress = createRunProgress();
      progress.apply(await store.listRunEvents(run.id, { after: 0 }));
      if (isOver(run)) progress.end();
      const call = chooseCall(progress.calls, wanted);
      const address = isOver(run) ? null : eventsAddress(run, call, progress.lastSeq, wanted);
      const flow = call === undefined ? null : flowOfCall(flows, run.flow, call);
      return html`<div id="flow" class="live-run" ${address === null ? null : html`data-events="${address}"`}>
        <link rel="stylesheet" href="${liveAssetUrl("live.css")}" />
        <script type="module" src="${liveAssetUrl("live.mjs")}"></script>
        ${
          call === undefined
            ? nothingYet(view, flows.find(({ name }) => name === run.flow)?.parts[0]?.flow ?? null)
            : html`<nav class="live-calls" id="live-calls" aria-label="${view.t("live.call-list")}">
                  ${callList(view, pathOf(run), progress.calls, call)}
                </nav>
                <div id="live-head" aria-live="polite">${callHead(view, call, flow)}</div>
                ${callPicture(view, call, flow)} ${stepList(view, call)}`
        }
      </div>`;
    },
  };
};
