import { BodyTooLarge, readBounded } from "../base/bounded-body.ts";

/** The largest body that GitLab sends as a webhook, in bytes. */
export const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** The largest body of a sender who proved nothing yet, in bytes; events of merge requests and notes are smaller. */
export const MAX_UNPROVEN_BYTES = 1024 * 1024;

/**
 * What a piece of a body takes at least, in bytes, however little is in it: a sender chooses the pieces, and each costs
 * memory and time of its own. GitLab's come as the network cuts them.
 */
const LEAST_PIECE = 512;

/** Who sends a body: the address, and whether it was proved that they may send events, before the body is read. */
export type Sender = { readonly client: string; readonly isProven: boolean };

/** Why a body was not read to its end. */
type BodyProblem = { readonly kind: "too-large" | "busy" };

/** How many bytes of bodies may be in memory at once. */
export type BodyBudgets = {
  readonly proven: number;
  /** For all who proved nothing together, and for one address among them. */
  readonly unproven: number;
  readonly client: number;
};

/** Reads request bodies under a limit for each and under one for all that are in memory together. */
export type BodyReader = {
  /**
   * Hands a whole body to `use` and holds its bytes against the budget until that is done. Rejects when the
   * sender breaks off, and with what `use` rejects with. `declared` is the Content-Length, null when there is none.
   */
  readonly during: <T>(
    body: ReadableStream<Uint8Array> | null,
    declared: number | null,
    sender: Sender,
    use: (bytes: Uint8Array) => Promise<T>,
  ) => Promise<T | BodyProblem>;
};

const DEFAULT_BUDGETS: BodyBudgets = {
  proven: 8 * MAX_BODY_BYTES,
  unproven: 32 * MAX_UNPROVEN_BYTES,
  client: 4 * MAX_UNPROVEN_BYTES,
};

/**
 * A reader whose memory is bounded whoever sends: a body that would go over a budget is `busy`. Who proved
 * nothing has a small limit and a budget of his own, of which no address takes more than a part, so that he
 * holds up nobody else.
 */
export const createBodyReader = (budgets: BodyBudgets = DEFAULT_BUDGETS): BodyReader => {
  const proven = createAccount(budgets.proven);
  const unproven = createAccount(budgets.unproven);
  const clients = new Map<string, Account>();
  const accountsOf = ({ client, isProven }: Sender): readonly Account[] => {
    if (isProven) return [proven];
    const own = clients.get(client) ?? createAccount(budgets.client);
    clients.set(client, own);
    return [unproven, own];
  };
  return {
    during: async (body, declared, sender, use) => {
      const maxBytes = sender.isProven ? MAX_BODY_BYTES : MAX_UNPROVEN_BYTES;
      if (declared !== null && declared > maxBytes) return { kind: "too-large" };
      const accounts = accountsOf(sender);
      let room = 0;
      const take = (piece: Uint8Array): void => {
        const taken = Math.max(piece.byteLength, LEAST_PIECE);
        room += taken;
        for (const account of accounts) account.held += taken;
        if (room > maxBytes) throw new BodyTooLarge(maxBytes);
        if (accounts.some(({ held, budget }) => held > budget)) throw new MemoryTaken();
      };
      try {
        const read = await readBounded(body, maxBytes, take).catch((error: unknown) => {
          if (error instanceof BodyTooLarge) return "too-large";
          if (error instanceof MemoryTaken) return "busy";
          throw error;
        });
        return typeof read === "string" ? { kind: read } : await use(read);
      } finally {
        for (const account of accounts) account.held -= room;
        if (clients.get(sender.client)?.held === 0) clients.delete(sender.client);
      }
    },
  };
};

type Account = { held: number; readonly budget: number };

const createAccount = (budget: number): Account => ({ held: 0, budget });

/** Others hold the memory that a body would take. */
class MemoryTaken extends Error {}
