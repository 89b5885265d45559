import { createPglitePlaces } from "../store/store-places.ts";
import { storeContract } from "./store.contract.ts";

storeContract("PGlite in a folder", createPglitePlaces);
