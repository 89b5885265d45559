import type { Flow } from "../../../flow/flow.ts";
import type { Content } from "../markup/markup.ts";
import { html } from "../markup/markup.ts";
import { drawnNodes, type DrawnNode } from "./draw-progress.ts";
import {
  callHead,
  callList,
  placeOf,
  type ProgressView,
  roundItem,
  stepId,
  stepItem,
} from "./progress-markup.ts";
import type { Call, ProgressChange, Step } from "./run-progress.ts";

/** A changed entry of the list of steps: the page replaces what it has under `id`, or puts it into `place`. */
type EntryUpdate = { readonly id: string; readonly place: string; readonly html: string };

/** What an open page is told; left out is what stays as it is. */
export type ProgressUpdate = {
  readonly calls: string;
  readonly head: string;
  readonly nodes: readonly DrawnNode[];
  readonly entries: readonly EntryUpdate[];
};

const textOf = async (content: Content): Promise<string> => String(await html`${content}`);

/** With those around them, whose tokens have grown too; in the order in which they began. */
const withAncestors = (steps: Iterable<Step>, call: Call): readonly Step[] => {
  const all = new Set<Step>();
  for (const step of steps) {
    if (!call.steps.includes(step)) continue;
    for (let one: Step | null = step; one !== null; one = one.parent) all.add(one);
  }
  return [...all].toSorted((left, right) => left.number - right.number);
};

/** Brings a page that shows `call` up to date after a change; null when nothing of it is on that page. */
export const describeChange = async (
  view: ProgressView,
  page: {
    readonly path: string;
    readonly calls: readonly Call[];
    readonly call: Call;
    readonly flow: Flow | null;
  },
  change: ProgressChange,
): Promise<ProgressUpdate | null> => {
  const { path, calls, call, flow } = page;
  const changed = withAncestors(change.steps, call);
  if (changed.length === 0 && change.calls.size === 0) return null;
  const entries: EntryUpdate[] = [];
  const rounds = new Set<string>();
  const addRound = async (step: Step, index: number): Promise<void> => {
    const id = `${stepId(step)}-round-${index}`;
    if (rounds.has(id)) return;
    rounds.add(id);
    const place = `${stepId(step)}-inner`;
    entries.push({ id, place, html: await textOf(roundItem(view, call, step, index, "alone")) });
  };
  for (const step of changed) {
    const { parent, node } = step;
    if (parent !== null && node.container !== null) await addRound(parent, node.container.index);
    const markup = await textOf(stepItem(view, call, step, "alone"));
    entries.push({ id: stepId(step), place: placeOf(step), html: markup });
    for (const index of step.rounds) await addRound(step, index);
  }
  return {
    calls: await textOf(callList(view, path, calls, call)),
    head: await textOf(callHead(view, call, flow)),
    nodes: flow === null ? [] : drawnNodes(flow, call, view.t),
    entries,
  };
};
