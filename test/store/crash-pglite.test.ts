import { crashContract } from "./crash.contract.ts";
import { createPglitePlaces } from "./store-places.ts";

crashContract("PGlite", createPglitePlaces);
