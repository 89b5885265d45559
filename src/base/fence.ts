import { AsyncLocalStorage } from "node:async_hooks";
import type { Dispatcher } from "undici";
import { getGlobalDispatcher } from "undici/lib/global.js";
import { z } from "zod";

/** Throws when whoever works here may no longer write, since somebody else may have the work by now. */
export type Fence = () => void;

const fences = new AsyncLocalStorage<Fence>();

/** Runs `work` with a fence before every write to the outside that it makes, however deep. */
export const behindFence = <T>(fence: Fence, work: () => Promise<T>): Promise<T> => fences.run(fence, work);

/** Runs `work` without the fence that it was called behind: for what remains to be done after the work was settled. */
export const outsideFence = <T>(work: () => Promise<T>): Promise<T> => fences.exit(work);

/** Throws what the fence throws that this is called behind; passes where there is none. */
export const assertMayWrite = (): void => fences.getStore()?.();

/**
 * Sends a write over a dispatcher that asks the fence in the very moment in which the request's first byte is written:
 * a process may stand still between asking for a connection and having it. Rejects with what the fence throws; nothing
 * was sent then.
 */
export const sendBehindFence = async <T>(
  dispatcher: Dispatcher,
  send: (dispatcher: Dispatcher) => Promise<T>,
): Promise<T> => {
  const fence = fences.getStore();
  if (fence === undefined) return send(dispatcher);
  fence();
  let refused: { readonly reason: unknown } | null = null;
  const ask = (): void => {
    try {
      fence();
    } catch (reason) {
      refused = { reason };
      throw reason;
    }
  };
  const fenced = dispatcher.compose(
    (dispatch) => (options, handler) => dispatch(options, askedAtStart(handler, ask)),
  );
  try {
    return await send(fenced);
  } catch (error) {
    throw whyRefused(refused) ?? error;
  }
};

/** undici's dispatcher under the name that Node's fetch has for it. */
export type FetchDispatcher = NonNullable<RequestInit["dispatcher"]>;

const FetchDispatcher = z.custom<FetchDispatcher>(
  (value) => typeof value === "object" && value !== null && "dispatch" in value,
);

/** The same for Node's fetch, over its own dispatcher where none is given. */
export const fetchBehindFence = <T>(
  dispatcher: Dispatcher | null,
  send: (dispatcher: FetchDispatcher) => Promise<T>,
): Promise<T> =>
  sendBehindFence(dispatcher ?? getGlobalDispatcher(), (fenced) => send(FetchDispatcher.parse(fenced)));

const whyRefused = (refused: { readonly reason: unknown } | null): unknown => refused?.reason;

/** undici calls `onRequestStart` when it has a connection and is about to write to it; what it throws ends the request. */
const askedAtStart = (handler: Dispatcher.DispatchHandler, ask: Fence): Dispatcher.DispatchHandler => ({
  onRequestStart: (...given) => {
    ask();
    handler.onRequestStart?.(...given);
  },
  onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
  onResponseStarted: () => handler.onResponseStarted?.(),
  onResponseStart: (...given) => handler.onResponseStart?.(...given),
  onResponseData: (...given) => handler.onResponseData?.(...given),
  onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
  onResponseError: (...given) => handler.onResponseError?.(...given),
});
