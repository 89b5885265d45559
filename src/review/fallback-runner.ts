import { type Journal, scopeJournal } from "../base/journal.ts";
import type { Json, JsonObject } from "../base/json.ts";
import { isUntried } from "../base/errors.ts";
import type { FlowInput, FlowOutcome, FlowRequest, FlowRunner } from "./flow-runner.ts";

/** A runner and the one that stands in for it. */
export type FallbackOptions = {
  readonly main: FlowRunner;
  readonly standIn: FlowRunner;
  /** Whether an error tells that the main runner's server does not work. */
  readonly isOutage: (error: unknown) => boolean;
  /** Whether the main runner may have begun the run of a journal. */
  readonly mayHaveBegun: (journal: Journal) => Promise<boolean>;
  /** Whether the flow has effects of its own, such as posting; others only return values. */
  readonly hasEffects: boolean;
  /** What the outcome names as the flow that was run instead. */
  readonly name: string;
  /** Called when it stands in; must not throw. */
  readonly onStandIn?: (runId: string) => void;
};

/** So many outages, over all attempts of a run, until the other runner stands in. */
const OUTAGES = 2;

/**
 * A runner whose runs go to `standIn` when the main one does not work: at once when that is known
 * beforehand, else at the second outage, counted in the journal. A run that went there stays there. Where
 * flows have effects of their own none is run a second time that may have begun: it waits for the main
 * runner, however long that takes.
 */
export const createFallbackRunner = (options: FallbackOptions): FlowRunner => {
  const { main, standIn, isOutage, mayHaveBegun, hasEffects } = options;
  let known: readonly FlowInput[] | null = null;
  const begin = async (
    request: FlowRequest,
    journal: ReturnType<typeof openChoice>,
  ): Promise<FlowOutcome> => {
    await journal.chooseStandIn();
    options.onStandIn?.(request.runId);
    return runStandIn(options, request);
  };
  return {
    describe: async (signal) => {
      const others = await standIn.describe(signal);
      try {
        known = await main.describe(signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isOutage(error)) throw error;
        if (known === null) return others;
      }
      return joinInputs(known, others);
    },
    run: async (request) => {
      const journal = openChoice(request.journal);
      if (await journal.isStandIn()) return runStandIn(options, request);
      // What the main flow takes was never heard, so that it cannot be given what it needs.
      if (known === null && !(await mayHaveBegun(request.journal))) return begin(request, journal);
      try {
        return await main.run(only(request, known));
      } catch (error) {
        request.signal.throwIfAborted();
        if (!isOutage(error)) throw error;
        const outages = isUntried(error) ? OUTAGES : await journal.countOutage();
        if (outages < OUTAGES || (hasEffects && (await mayHaveBegun(request.journal)))) throw error;
        return begin(request, journal);
      }
    },
  };
};

const CHOICE = "stand-in";

/** What a run's journal says about who runs it. */
const openChoice = (journal: Journal) => ({
  isStandIn: async (): Promise<boolean> => (await journal.read(CHOICE)) === "chosen",
  countOutage: async (): Promise<number> => {
    const before = await journal.read(CHOICE);
    const outages = (typeof before === "number" ? before : 0) + 1;
    await journal.write(CHOICE, outages);
    return outages;
  },
  chooseStandIn: (): Promise<void> => journal.write(CHOICE, "chosen"),
});

const runStandIn = async ({ standIn, name }: FallbackOptions, request: FlowRequest): Promise<FlowOutcome> => {
  const declared = await standIn.describe(request.signal);
  const outcome = await standIn.run({
    ...only(request, declared),
    journal: scopeJournal(request.journal, `${CHOICE}:`),
  });
  return { ...outcome, fallbackUsed: name };
};

/** The request with those of its inputs that a flow declares; all of them when that is not known. */
const only = (request: FlowRequest, declared: readonly FlowInput[] | null): FlowRequest => {
  if (declared === null) return request;
  const names = new Set(declared.map(({ name }) => name));
  const inputs: JsonObject = Object.fromEntries(
    Object.entries(request.inputs).filter((entry): entry is [string, Json] => names.has(entry[0])),
  );
  return { ...request, inputs };
};

/** What both flows take: whichever is asked, it gets what it declares, no longer than it takes it. */
const joinInputs = (left: readonly FlowInput[], right: readonly FlowInput[]): readonly FlowInput[] => {
  const others = new Map(right.map((input) => [input.name, input]));
  const shared = left.map((input) => {
    const other = others.get(input.name);
    others.delete(input.name);
    return other === undefined ? input : { ...input, maxLength: shorter(input.maxLength, other.maxLength) };
  });
  return [...shared, ...others.values()];
};

const shorter = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.min(left, right);
