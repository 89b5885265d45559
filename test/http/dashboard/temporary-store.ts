import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type OpenedStore } from "../../../src/store/open-store.ts";

/** An embedded store in a folder of its own, which goes with it. */
export const openTemporaryStore = async (): Promise<OpenedStore> => {
  const dataDir = mkdtempSync(join(tmpdir(), "reviewflow-dashboard-"));
  const store = await openStore({ database: { dataDir }, pollMs: 50 });
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
