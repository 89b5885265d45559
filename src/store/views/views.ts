import type { Delivery, Run, RunState } from "../store.ts";

/** A part of a list, newest first. */
export type Slice<T> = {
  readonly rows: readonly T[];
  /** Whether older rows follow. */
  readonly more: boolean;
};

/** Which rows of a list are wanted; what is null or left out does not narrow it. */
type Narrowing = {
  /** At most so many rows. */
  readonly limit: number;
  /** Only rows that are older than the one with this id. */
  readonly before?: string | null;
  /** Only rows of the project with exactly this path. */
  readonly projectPath?: string | null;
};

type RunNarrowing = Narrowing & {
  readonly states?: readonly RunState[] | null;
  readonly flow?: string | null;
  readonly deliveryId?: string | null;
};

type DeliveryNarrowing = Narrowing & { readonly decision?: Delivery["decision"] | null };

/** What the runs of one state within one span of time came to. */
export type SpanCount = {
  /** The place of the span in the list of starts that was asked for. */
  readonly span: number;
  readonly state: RunState;
  readonly runs: number;
  readonly tokens: number;
  readonly price: number;
  readonly currency: string;
};

/** What is known of one project. Times are in milliseconds since the epoch. */
export type ProjectView = {
  readonly id: number;
  /** As the newest delivery has it. */
  readonly path: string;
  /** The newest one, and what became of it. */
  readonly lastDelivery: Pick<Delivery, "id" | "decision" | "reason"> & { readonly atMs: number };
  readonly runs: number;
  readonly waiting: number;
  readonly failed: number;
  readonly reviewed: number;
  readonly lastRunAtMs: number | null;
};

/** As `ProjectView`, and what takes longer to find out. */
export type ProjectFacts = ProjectView & { readonly deliveries: number };

/** One entry of a run's journal. */
export type StepView = {
  readonly key: string;
  /** As JSON text; null when it is longer than what a page can show. */
  readonly value: string | null;
  /** Characters of the whole value. */
  readonly length: number;
};

/** The questions that pages ask; none of them changes anything. Failures are StoreErrors. */
export type Views = {
  /** Runs without their results, which may be large. */
  readonly listRuns: (narrowing: RunNarrowing) => Promise<Slice<Run>>;
  readonly listDeliveries: (narrowing: DeliveryNarrowing) => Promise<Slice<Delivery>>;
  /** The delivery with our id, or with a key, be it whole or GitLab's id alone; null for an unknown one. */
  readonly findDelivery: (reference: string) => Promise<Delivery | null>;
  /** Runs by the span of time in which they were made. `starts` ascend and begin a quarter of an hour; the last span is open. */
  readonly countBySpan: (starts: readonly number[]) => Promise<readonly SpanCount[]>;
  /** Those that have sent something, the liveliest first, at most 500. */
  readonly listProjects: () => Promise<readonly ProjectView[]>;
  /** As `listProjects`, for one; null for a project that has sent nothing. */
  readonly findProject: (id: number) => Promise<ProjectFacts | null>;
  /** The newest run of each flow over each merge request that left findings, with its result. */
  readonly listFindingRuns: (narrowing: Narrowing) => Promise<Slice<Run>>;
  /** What a run has finished, in the order of finishing, at most `limit`. */
  readonly listSteps: (runId: string, limit: number) => Promise<readonly StepView[]>;
  /** A text that changes when a run or delivery comes, moves on or ends. */
  readonly pulse: () => Promise<string>;
};
