import type { Peer } from "../base/outside.ts";
import type { Reason } from "../base/reason.ts";

/** A run that waits for longer has a note in its merge request and a notice to operators, in milliseconds. */
export const LONG_WAIT_MS = 600_000;

/** A failure of longer ago has neither, in milliseconds. */
export const NEWS_MS = 24 * 3_600_000;

/** Something outside that does not work, as all instances that share the store know it. */
export type Outage = {
  readonly peer: Peer;
  /** `away`: one run at a time finds out whether it works again. `parked`: none does, until `resume`. */
  readonly state: "away" | "parked";
  readonly sinceMs: number;
  /** What it was found for last. */
  readonly reason: Reason;
  /** When the next run finds out; null while it is parked. */
  readonly nextTryAtMs: number | null;
  /** How many queued runs wait for it. */
  readonly waiting: number;
};

/** News of something outside; each is told once, by one of the instances. */
export type OutageChange = {
  readonly peer: Peer;
  readonly state: "away" | "parked" | "over";
  /** Null where it is over. */
  readonly reason: Reason | null;
};

/** What is known of the things outside. */
export type Outages = {
  /** The longest first. */
  readonly list: () => Promise<readonly Outage[]>;
  /**
   * Has one run find out whether a peer works again, now: its setting has changed, or a person says so. False where
   * nothing is known of it.
   */
  readonly resume: (peer: Peer) => Promise<boolean>;
  /**
   * Says that a peer has answered a call that began at `startedAtMs`; the first time after an outage everything that
   * waits for it goes on. Costs nothing while no outage is known. Never rejects.
   */
  readonly works: (peer: Peer, startedAtMs: number) => Promise<void>;
};

/** Which flows need a peer, by the kind of their runs. */
export type FlowsNeeding = (
  peer: Peer,
) => readonly { readonly runKind: "review" | "reply"; readonly flow: string }[];
