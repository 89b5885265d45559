import { after, test } from "node:test";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { runEventsContract } from "./run-events.contract.ts";
import { createPostgresPlaces } from "./store-places.ts";

const server = await startPostgres();

if (server === null) test("events of runs: PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  runEventsContract("PostgreSQL on a server", async () => createPostgresPlaces(server));
}
