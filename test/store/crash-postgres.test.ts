import { after, test } from "node:test";
import { crashContract } from "./crash.contract.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { createPostgresPlaces } from "./store-places.ts";

const server = await startPostgres();

if (server === null) test("crashes on PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  crashContract("PostgreSQL", async () => createPostgresPlaces(server));
}
