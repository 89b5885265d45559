import { openTemporaryStore } from "../http/dashboard/temporary-store.ts";
import { viewsContract } from "./views.contract.ts";

viewsContract("the embedded store", openTemporaryStore);
