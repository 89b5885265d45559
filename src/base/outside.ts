/** What can be away: everything that a run needs and that is not this process. */
export const PEER_KINDS = ["model", "dify", "gitlab", "flow", "project", "database", "network"] as const;

/** The kind of something outside; `flow` is an app on Dify with its key, `project` one in GitLab. */
export type PeerKind = (typeof PEER_KINDS)[number];

/** Something outside, by the operator's name for it: a model's setting, an address, a flow's setting, a path. */
export type Peer = { readonly kind: PeerKind; readonly name: string };

/**
 * What a failure tells of something outside. `away`: it does not work, for anyone. `busy`: it works, and
 * this request has to come later. `refused`: it answers the same until a person changes something.
 */
export type Outside = { readonly peer: Peer; readonly verdict: "away" | "busy" | "refused" };

/** One text for a peer, for maps and logs. */
export const peerKey = ({ kind, name }: Peer): string => `${kind} ${name}`;

/** Told that a peer has answered a call that began at `startedAtMs`. */
export type OnWorks = (peer: Peer, startedAtMs: number) => void;
