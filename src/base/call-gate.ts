/** Whether a call may be made now. */
export type GatePass =
  | { readonly kind: "go" }
  /** The other side asked for a longer wait than the caller can bear, in milliseconds. */
  | { readonly kind: "later"; readonly waitMs: number };

/**
 * What calls to one other side pass, so that all who call it, in this process and in others, keep to its
 * limits together.
 */
export type CallGate = {
  /**
   * Waits until the caller may call. A pause that the other side asked for is waited for when it takes
   * `maxWaitMs` at most; a limit of our own is waited for as long as it takes. Rejects with the signal's
   * reason, and with nothing else.
   */
  readonly pass: (options: {
    readonly maxWaitMs: number;
    readonly signal?: AbortSignal | undefined;
  }) => Promise<GatePass>;
  /** Nobody shall call for so many milliseconds: the other side said so. Must not throw. */
  readonly holdOff: (waitMs: number) => void;
};
