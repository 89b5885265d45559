import { describeFlow } from "../../../flow/describe/describe-flow.ts";
import type { Flow } from "../../../flow/flow.ts";
import { showProblem } from "../../../flow/parse/flow-file-error.ts";
import type { FlowPart, ShownFlow } from "../dashboard-options.ts";
import { formatCount } from "../markup/format.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts } from "../markup/table.ts";
import type { CandidateStanding } from "../../../store/shadows/shadow-store.ts";
import type { Texts } from "../texts/english.ts";
import { shadowTexts } from "../texts/shadow-texts.ts";
import { standingOf } from "./shadow.ts";
import { BASE } from "../visit.ts";

/** Where the picture of a part of a flow is, under the dashboard's own path. */
const pictureOf = (name: string, part: number): string =>
  `/flows/${encodeURIComponent(name)}/${part}/picture.svg`;

const graph = (texts: Texts, name: string, flow: Flow, part: number): Content => {
  const report = describeFlow(flow);
  const { flows, words } = texts;
  const label = flows.picture(`${name}: ${flow.name}`);
  return [
    facts([
      [words.name, flow.name],
      [
        flows.checked,
        html`<span class="badge succeeded">${flows.ready}</span> ${
            report.warnings.length === 0
              ? null
              : html`<ul>
                  ${report.warnings.map((warning) => html`<li>${showProblem(warning)}</li>`)}
                </ul>`
          }`,
      ],
      [
        flows.nodes,
        Object.entries(report.kinds)
          .map(([kind, count]) => `${kind} × ${formatCount(texts, count)}`)
          .join(", "),
      ],
      [
        flows.models,
        report.models.map(({ provider, name: model }) => `${provider}/${model}`).join(", ") || texts.none,
      ],
      [flows.inputs, report.inputs.map((input) => input.name).join(", ") || texts.none],
      [flows.outputs, report.outputs.join(", ") || texts.none],
    ]),
    html`<div class="picture" tabindex="0" role="region" aria-label="${label}">
        <img src="${BASE}${pictureOf(name, part)}" alt="${label}" loading="lazy" />
      </div>
      <p><a href="${BASE}${pictureOf(name, part)}">${flows.enlarge}</a></p>`,
  ];
};

const partSection = (texts: Texts, name: string, part: FlowPart, index: number): Content =>
  html`<h3>${texts.flows.parts[part.role]} <span class="soft">${part.source}</span></h3>
    ${
      part.flow === null
        ? html`<p class="hint">${texts.flows.onDify}</p>`
        : graph(texts, name, part.flow, index)
    }`;

/** The candidate of a flow and how it stands, where there is one. */
const candidateFact = (
  texts: Texts,
  standing: CandidateStanding | undefined,
): readonly (readonly [name: Content, value: Content])[] =>
  standing === undefined
    ? []
    : [
        [
          shadowTexts(texts).candidate,
          html`<a href="${BASE}/shadow">${standing.candidate}</a> ${standingOf(texts, standing)}`,
        ],
      ];

/** The configured flows, what they are made of and what they look like. */
export const flowsPage = (
  texts: Texts,
  flows: readonly ShownFlow[],
  standings: ReadonlyMap<string, CandidateStanding> = new Map(),
): Content =>
  flows.map(
    ({ name, contract, review, language, projects, parts }) =>
      html`<section>
        <h2>${name}</h2>
        ${facts([
          [texts.words.contract, html`<code>${contract}</code>`],
          [texts.words.review, html`<code>${review}</code>`],
          [texts.words.language, language],
          [texts.words.projects, html`<code>${projects.join(", ")}</code>`],
          ...candidateFact(texts, standings.get(name)),
        ])}
        ${parts.map((part, index) => partSection(texts, name, part, index))}
      </section>`,
  );
