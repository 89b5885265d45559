import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, describe, it, type TestContext } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { openPostgres } from "../../src/store/postgres/open-postgres.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { query } from "./store-places.ts";

/** "Ready for query", idle: the end of every answer of PostgreSQL's protocol. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** What a backend says that finds its server gone (ErrorResponse, see PostgreSQL's message formats). */
const lastWords = (): Buffer => {
  const fields = Buffer.from(
    "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0",
  );
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
};

/**
 * Stands between us and a server. Once told to, it ends the connection of the next answer like a
 * backend whose server was killed, in the very chunk of that answer: what a busy process reads at once.
 */
const startBetween = async (serverUrl: string) => {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isArmed = false;
  let struck = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    near.pipe(far);
    far.on("end", () => near.end());
    far.on("data", (data) => {
      const chunk = Buffer.from(data);
      if (!isArmed || !chunk.subarray(-READY.length).equals(READY)) return void near.write(chunk);
      isArmed = false;
      struck += 1;
      near.end(Buffer.concat([chunk, lastWords()]));
      far.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  assert.ok(address !== null && typeof address === "object");
  const url = new URL(serverUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    arm: (): void => {
      isArmed = true;
    },
    struck: (): number => struck,
    stop: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
};

const server = await startPostgres();
after(() => server?.stop());

describe("a server that dies right after an answer", { skip: server === null && POSTGRES_MISSING }, () => {
  const connectedWith = async (context: TestContext, maxConnections: number) => {
    assert.ok(server !== null);
    const between = await startBetween(await server.createDatabase());
    const database = await openPostgres({
      databaseUrl: new Secret(between.url),
      maxConnections,
      logger: silentLogger,
    });
    context.after(async () => {
      await database.close();
      await between.stop();
    });
    return { between, database };
  };
  const isUnreachable = (error: unknown): boolean =>
    error instanceof StoreError && error.code === "store-unreachable" && error.retryable;

  it("costs the transaction that had just got its connection, not the process", async (context) => {
    const { between, database } = await connectedWith(context, 2);
    await database.transaction(async (sql) => {
      // The first connection is in use: what comes next opens one of its own, which dies at once.
      between.arm();
      await assert.rejects(
        database.transaction((other) => query(other, "SELECT 2")),
        isUnreachable,
      );
      assert.deepEqual(await query(sql, "SELECT 1 AS one"), [{ one: 1 }]);
    });
    assert.equal(between.struck(), 1);
    assert.deepEqual(await query(database, "SELECT 3 AS three"), [{ three: 3 }]);
  });

  it("costs at most the transaction that a connection is handed on to, not the process", async (context) => {
    const { between, database } = await connectedWith(context, 1);
    between.arm();
    const [answered, handedOn] = await Promise.allSettled([
      query(database, "SELECT 1 AS one"),
      database.transaction((sql) => query(sql, "SELECT 2")),
    ]);
    assert.deepEqual(answered, { status: "fulfilled", value: [{ one: 1 }] });
    assert.equal(between.struck(), 1);
    // The pool may have seen the end of the connection in time.
    assert.ok(handedOn.status === "fulfilled" || isUnreachable(handedOn.reason));
    assert.deepEqual(await query(database, "SELECT 3 AS three"), [{ three: 3 }]);
  });
});
