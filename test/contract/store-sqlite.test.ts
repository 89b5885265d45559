import { createSqlitePlaces } from "../store/store-places.ts";
import { storeContract } from "./store.contract.ts";

storeContract("SQLite in a folder", createSqlitePlaces);
