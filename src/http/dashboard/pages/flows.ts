import type { Translate } from "../../../messages/format-message.ts";
import { describeFlow } from "../../../flow/describe/describe-flow.ts";
import type { Flow } from "../../../flow/flow.ts";
import { describeProblem } from "../../../flow/parse/flow-file-error.ts";
import type { FlowPart, ShownFlow } from "../dashboard-options.ts";
import { formatCount } from "../markup/format.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts } from "../markup/table.ts";
import type { CandidateStanding } from "../../../store/shadows/shadow-store.ts";
import { standingOf } from "./shadow.ts";
import { BASE } from "../visit.ts";

/** Where the picture of a part of a flow is, under the dashboard's own path. */
const pictureOf = (name: string, part: number): string =>
  `/flows/${encodeURIComponent(name)}/${part}/picture.svg`;

const graph = (
  t: Translate,
  name: string,
  { flow, models }: FlowPart & { readonly flow: Flow },
  part: number,
): Content => {
  const report = describeFlow(flow);
  const label = t("flows.picture", { name: `${name}: ${flow.name}` });
  return [
    facts([
      [t("word.name"), flow.name],
      [
        t("flows.checked"),
        html`<span class="badge succeeded">${t("flows.ready")}</span> ${
            report.warnings.length === 0
              ? null
              : html`<ul>
                  ${report.warnings.map((warning) => html`<li>${t.message(describeProblem(warning))}</li>`)}
                </ul>`
          }`,
      ],
      [
        t("flows.nodes"),
        Object.entries(report.kinds)
          .map(([kind, count]) => `${kind} × ${formatCount(t, count)}`)
          .join(", "),
      ],
      [
        t("flows.models"),
        models.map(({ named, answering }) => `${named} → ${answering ?? "–"}`).join(", ") || t("list.none"),
      ],
      [t("flows.inputs"), report.inputs.map((input) => input.name).join(", ") || t("list.none")],
      [t("flows.outputs"), report.outputs.join(", ") || t("list.none")],
    ]),
    html`<div class="picture" tabindex="0" role="region" aria-label="${label}">
        <img src="${BASE}${pictureOf(name, part)}" alt="${label}" loading="lazy" />
      </div>
      <p><a href="${BASE}${pictureOf(name, part)}">${t("flows.enlarge")}</a></p>`,
  ];
};

const partSection = (t: Translate, name: string, part: FlowPart, index: number): Content =>
  html`<h3>${t(`flows.part.${part.role}`)} <span class="soft">${part.source}</span></h3>
    ${
      part.flow === null
        ? html`<p class="hint">${t("flows.on-dify")}</p>`
        : graph(t, name, { ...part, flow: part.flow }, index)
    }`;

/** The candidate of a flow and how it stands, where there is one. */
const candidateFact = (
  t: Translate,
  standing: CandidateStanding | undefined,
): readonly (readonly [name: Content, value: Content])[] =>
  standing === undefined
    ? []
    : [
        [
          t("shadow.candidate"),
          html`<a href="${BASE}/shadow">${standing.candidate}</a> ${standingOf(t, standing)}`,
        ],
      ];

/** The configured flows, what they are made of and what they look like. */
export const flowsPage = (
  t: Translate,
  flows: readonly ShownFlow[],
  standings: ReadonlyMap<string, CandidateStanding> = new Map(),
): Content =>
  flows.map(
    ({ name, contract, review, language, projects, parts }) =>
      html`<section>
        <h2>${name}</h2>
        ${facts([
          [t("word.contract"), html`<code>${contract}</code>`],
          [t("word.review"), html`<code>${review}</code>`],
          [t("word.language"), language],
          [t("word.projects"), html`<code>${projects.join(", ")}</code>`],
          ...candidateFact(t, standings.get(name)),
        ])}
        ${parts.map((part, index) => partSection(t, name, part, index))}
      </section>`,
  );
