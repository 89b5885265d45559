import { runEventsContract } from "./run-events.contract.ts";
import { createPglitePlaces } from "./store-places.ts";

runEventsContract("PGlite in a folder", createPglitePlaces);
