import { connect, createServer, type Socket } from "node:net";

/** What a database on the other side of a network does: not listen, say nothing, or break off. */
export const RELAY_FAULTS = ["refused", "slow", "cut off"] as const;
export type RelayFault = (typeof RELAY_FAULTS)[number];

/** A relay of bytes on loopback before PostgreSQL, which fails as it is set. */
export type DatabaseRelay = AsyncDisposable & {
  /** The same address through the relay. */
  readonly through: (url: string) => string;
  /**
   * Null: bytes pass. Connections that a fault has struck are ended, as they would be by then; those that were "silent"
   * stay so, and open. A connection falls silent with the first piece that comes, or the first that matches `at`.
   */
  readonly set: (fault: RelayFault | "silent" | null, at?: RegExp) => Promise<void>;
  /** Connections that a fault has struck. */
  readonly struck: () => number;
  /** Connections that are open. */
  readonly open: () => number;
  /** Pieces that have come so far, from either side. */
  readonly arrived: () => number;
};

/** Starts one before the server that `url` names. */
export const startDatabaseRelay = async (url: string): Promise<DatabaseRelay> => {
  const { hostname, port: behind } = new URL(url);
  let fault: RelayFault | "silent" | null = null;
  let silentAt = /(?:)/;
  let struck = 0;
  let cuts = 0;
  let arrived = 0;
  const pairs = new Map<Socket, Socket>();

  const cut = (near: Socket): void => {
    struck += 1;
    near.destroy();
    pairs.get(near)?.destroy();
  };
  const serve = (near: Socket): void => {
    const far = connect({ host: hostname, port: Number(behind) });
    pairs.set(near, far);
    let isDead = false;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes: Buffer) => {
        arrived += 1;
        if (!isDead && fault === "silent" && silentAt.test(bytes.toString("latin1"))) {
          struck += 1;
          isDead = true;
        }
        if (isDead) return;
        if (fault === "slow") return void (struck += 1);
        if (fault === null || fault === "silent") return void to.write(bytes);
        // Every other statement that is cut off has reached the server: what it did stands, its answer is lost.
        cuts += from === near ? 1 : 0;
        if (from === near && cuts % 2 === 0) far.end(bytes);
        cut(near);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        to.destroy();
        pairs.delete(near);
      });
    }
  };
  const server = createServer(serve);
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
  const close = (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const near of pairs.keys()) cut(near);
    return closed;
  };
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The relay has no port.");
  const { port } = address;
  return {
    through: (given) => {
      const relayed = new URL(given);
      relayed.host = `127.0.0.1:${port}`;
      return relayed.href;
    },
    set: async (next, at = /(?:)/) => {
      const before = fault;
      fault = next;
      silentAt = at;
      if (before === "slow") for (const near of pairs.keys()) cut(near);
      if (next === "refused" && server.listening) await close();
      else if (next !== "refused" && !server.listening) await listen(port);
    },
    struck: () => struck,
    open: () => pairs.size,
    arrived: () => arrived,
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await close();
    },
  };
};
