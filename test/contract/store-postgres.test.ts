import { after, test } from "node:test";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { createPostgresPlaces } from "../store/store-places.ts";
import { storeContract } from "./store.contract.ts";

const server = await startPostgres();

if (server === null) test("store contract: PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  storeContract("PostgreSQL on a server", async () => createPostgresPlaces(server));
}
