import { randomBytes } from "node:crypto";
import { after, before, describe } from "node:test";
import type { Places } from "../store/store-places.ts";
import type { Bench } from "./store-bench.ts";
import { acceptingContract } from "./store-accepting.contract.ts";
import { cancellingContract } from "./store-cancelling.contract.ts";
import { keepingContract } from "./store-keeping.contract.ts";
import { lessonsContract } from "./store-lessons.contract.ts";
import { noticesContract } from "./store-notices.contract.ts";
import { reconcilingContract } from "./store-reconciling.contract.ts";
import { rememberingContract } from "./store-remembering.contract.ts";
import { replyingContract } from "./store-replying.contract.ts";
import { sharingContract } from "./store-sharing.contract.ts";
import { shadowsContract } from "./store-shadows.contract.ts";
import { waitingContract } from "./store-waiting.contract.ts";
import { workingContract } from "./store-working.contract.ts";

/** What intake and worker rely on, whichever database is behind the store. */
export const storeContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`store contract: ${name}`, () => {
    let opened: Bench | undefined;
    const bench = (): Bench => {
      if (opened === undefined) throw new Error("the store is not open yet");
      return opened;
    };

    before(async () => {
      const places = await createPlaces();
      const place = await places.fresh();
      const key = randomBytes(32);
      opened = {
        places,
        place,
        key,
        store: await place.open({ tokenKeys: [key] }),
        working: async (handle, during, limits = {}) => {
          const worker = await bench().store.work({ handle, concurrency: 4, perProject: 4, ...limits });
          try {
            await during();
          } finally {
            await worker.stop(1_000);
          }
        },
      };
    });
    after(async () => {
      await bench().store[Symbol.asyncDispose]();
      bench().places.remove();
    });

    acceptingContract(bench);
    cancellingContract(bench);
    workingContract(bench);
    waitingContract(bench);
    noticesContract(bench);
    keepingContract(bench);
    rememberingContract(bench);
    reconcilingContract(bench);
    lessonsContract(bench);
    replyingContract(bench);
    sharingContract(bench);
    shadowsContract(bench);
  });
};
