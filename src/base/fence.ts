import { AsyncLocalStorage } from "node:async_hooks";

/** Throws when whoever works here may no longer write, since somebody else may have the work by now. */
export type Fence = () => void;

const fences = new AsyncLocalStorage<Fence>();

/** Runs `work` with a fence before every write to the outside that it makes, however deep. */
export const behindFence = <T>(fence: Fence, work: () => Promise<T>): Promise<T> => fences.run(fence, work);

/** Runs `work` without the fence that it was called behind: for what remains to be done after the work was settled. */
export const outsideFence = <T>(work: () => Promise<T>): Promise<T> => fences.exit(work);

/**
 * Called by adapters in the very turn of the event loop in which a write is sent: a process may have stood still
 * since it last waited for anything. Throws what the fence throws; passes where there is none.
 */
export const assertMayWrite = (): void => fences.getStore()?.();
