import type { Flow, FlowNode } from "../flow.ts";
import { type Pool, readPool, type TextPart } from "../pool.ts";
import { NodeError } from "../node-error.ts";
import { markdownOfVariable } from "../value-markdown.ts";
import type { Variable } from "../value-type.ts";
import { type FrameState, INITIAL_FRAME } from "./frame-state.ts";
import { createCertainty } from "./certain-nodes.ts";
import type { FramePlan } from "./plan.ts";

type Reference = Extract<TextPart, { kind: "reference" }>;

/** A response whose turn has come: which part it is at, and how much of a streamed part it has shown. */
type Session = { readonly node: FlowNode; readonly parts: readonly TextPart[]; index: number; shown: number };

type Progress = {
  readonly plan: FramePlan;
  readonly emit: (text: string) => void;
  readonly chunks: Map<string, string[]>;
  /** The values that assigners of the flow write, by key. */
  readonly assigned: ReadonlySet<string>;
  state: FrameState;
  pool: Pool;
};

/** Shows what end and answer nodes quote, in their order, while it is being made. */
export type ResponseStream = {
  /** A piece of a node's output has come. */
  readonly addChunk: (nodeId: string, name: string, chunk: string) => void;
  /** The frame has moved on. */
  readonly update: (state: FrameState, pool: Pool) => void;
  /** Whether a response whose turn has come quotes what this node's model says. */
  readonly isQuoted: (nodeId: string) => boolean;
};

const keyOf = (nodeId: string, name: string): string => JSON.stringify([nodeId, name]);

const isOver = ({ state }: Progress, nodeId: string): boolean => {
  const node = state.nodes.get(nodeId);
  return node === "done" || node === "skipped" || node === "failed";
};

/** A variable's text; undefined for one that has none, at which the response itself fails. */
const printed = (variable: Variable): string | undefined => {
  try {
    return markdownOfVariable(variable);
  } catch (error) {
    if (error instanceof NodeError) return undefined;
    throw error;
  }
};

/**
 * Shows what there is of a quoted value; true when nothing more will come. At a value that is not there the text ends, as
 * in Dify: what follows it is in the output only. Nodes that were skipped are passed over.
 */
const showReference = (progress: Progress, session: Session, { selector }: Reference): boolean => {
  const [source = "", name = ""] = selector;
  const chunks = selector.length === 2 ? progress.chunks.get(keyOf(source, name)) : undefined;
  if (chunks !== undefined) {
    for (const chunk of chunks.slice(session.shown)) progress.emit(chunk);
    session.shown = chunks.length;
    return isOver(progress, source);
  }
  // Values of no node, and those that an assigner names, may still change until the response itself has run.
  const isFixed = progress.plan.nodes.has(source) && !progress.assigned.has(keyOf(source, name));
  if (!isOver(progress, isFixed ? source : session.node.id)) return false;
  if (progress.state.nodes.get(source) === "skipped") return true;
  const variable = readPool(progress.pool, selector);
  const text = variable === undefined ? undefined : printed(variable);
  if (text === undefined) return false;
  if (text !== "") progress.emit(text);
  return true;
};

/** Lets the responses speak, one after another, as far as they can. */
const flush = (progress: Progress, waiting: Session[]): void => {
  for (let session = waiting[0]; session !== undefined; session = waiting[0]) {
    for (let part = session.parts[session.index]; part !== undefined; part = session.parts[session.index]) {
      if (part.kind === "text") progress.emit(part.text);
      else if (!showReference(progress, session, part)) return;
      session.index += 1;
      session.shown = 0;
    }
    waiting.shift();
  }
};

const quotesModel = (session: Session, nodeId: string): boolean =>
  session.parts.some(
    (part) =>
      part.kind === "reference" &&
      part.selector[0] === nodeId &&
      (part.selector[1] === "text" || part.selector[1] === "reasoning_content"),
  );

/**
 * Follows the top level of a run and gives the text of its responses to `emit` as early as possible:
 * a response's turn comes when it is sure to run, and those whose turn has come speak one after another.
 */
export const createResponseStream = (
  flow: Flow,
  plan: FramePlan,
  emit: (text: string) => void,
): ResponseStream => {
  const assigned = new Set(
    [...flow.nodes.values()].flatMap(({ declaration }) =>
      (declaration.assigns ?? []).map(([source = "", name = ""]) => keyOf(source, name)),
    ),
  );
  const state = INITIAL_FRAME;
  const progress: Progress = { plan, emit, chunks: new Map(), assigned, state, pool: new Map() };
  const waiting: Session[] = [];
  const begun = new Set<string>();
  const responses = [...plan.nodes.keys()].flatMap((id) => {
    const node = flow.nodes.get(id);
    const quotes = node?.declaration.quotes;
    return node === undefined || quotes === undefined ? [] : [{ node, parts: quotes }];
  });
  const certain = createCertainty(flow, plan);
  const begin = (): void => {
    if (begun.size === responses.length) return;
    certain.update(progress.state);
    for (const { node, parts } of responses) {
      if (begun.has(node.id) || !certain.has(node.id)) continue;
      begun.add(node.id);
      waiting.push({ node, parts, index: 0, shown: 0 });
    }
  };
  return {
    addChunk: (nodeId, name, chunk) => {
      const key = keyOf(nodeId, name);
      const chunks = progress.chunks.get(key);
      if (chunks === undefined) progress.chunks.set(key, [chunk]);
      else chunks.push(chunk);
      flush(progress, waiting);
    },
    update: (state, pool) => {
      progress.state = state;
      progress.pool = pool;
      begin();
      flush(progress, waiting);
    },
    isQuoted: (nodeId) => waiting.some((session) => quotesModel(session, nodeId)),
  };
};
