import { crashContract } from "./crash.contract.ts";
import { createSqlitePlaces } from "./store-places.ts";

crashContract("SQLite", createSqlitePlaces);
