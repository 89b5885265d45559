import { reasonOf } from "../../src/base/reason.ts";
import { StoreError } from "../../src/base/errors.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import type { Claim, Settlement } from "../../src/store/store.ts";
import type { Place, Places } from "../store/store-places.ts";

/** Whether an error is a StoreError with that code. */
export const failure = (code: string) => (error: unknown) =>
  error instanceof StoreError && error.code === code;

/** A settlement that asks for another attempt. */
export const retry = (retryAfterMs?: number): Settlement => ({
  state: "retry",
  reason: reasonOf("model-overloaded"),
  retryAfterMs,
});

/** What the parts of the contract share: an open store, its place, and more places beside it. */
export type Bench = {
  readonly places: Places;
  readonly place: Place;
  store: OpenedStore;
  /** The key that the store encrypts tokens with. */
  readonly key: Uint8Array;
  /** Works with `handle` while `during` runs. */
  readonly working: (
    handle: (claim: Claim) => Promise<Settlement>,
    during: () => Promise<void>,
    limits?: { concurrency?: number; perProject?: number },
  ) => Promise<void>;
};

/** Gives the bench of the running suite. */
export type GetBench = () => Bench;
