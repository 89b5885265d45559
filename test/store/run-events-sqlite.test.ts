import { runEventsContract } from "./run-events.contract.ts";
import { createSqlitePlaces } from "./store-places.ts";

runEventsContract("SQLite in a folder", createSqlitePlaces);
