import { after, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { openStore } from "../../src/store/open-store.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { viewsContract } from "./views.contract.ts";

const server = await startPostgres();

if (server === null) test("what pages ask of PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  viewsContract("PostgreSQL", async () =>
    openStore({ database: { databaseUrl: new Secret(await server.createDatabase()) }, pollMs: 50 }),
  );
}
