import { randomBytes } from "node:crypto";
import { setImmediate as nextTask } from "node:timers/promises";
import { z } from "zod";
import type { Journal } from "../base/journal.ts";
import type { Json } from "../base/json.ts";
import { rewriteTexts } from "../flow/engine/mask.ts";

const SEAL = "seal";
const Nonce = z.string().regex(/^[0-9a-f]{32}$/);

/**
 * A journal that holds no secret: on the way in each secret gives way to a name, on the way out the name
 * to the secret as it is today. Nodes must go on with the values themselves, while what is on the disk
 * must not. The names carry a random part of this run's own, so that no text of a merge request can
 * contain one and have a secret put in its place.
 */
export const sealJournal = async (
  journal: Journal,
  secrets: ReadonlyMap<string, string>,
): Promise<Journal> => {
  if (secrets.size === 0) return journal;
  const known = Nonce.safeParse(await journal.read(SEAL));
  const nonce = known.success ? known.data : randomBytes(16).toString("hex");
  if (!known.success) await journal.write(SEAL, nonce);
  // The longest first: one secret may be a part of another.
  const names = [...secrets]
    .toSorted(([, left], [, right]) => right.length - left.length)
    .map(([name, secret]) => ({ secret, sealed: `[secret ${name} ${nonce}]` }));
  const seal = (value: Json): Json =>
    rewriteTexts(value, (text) =>
      names.reduce((left, { secret, sealed }) => left.replaceAll(secret, () => sealed), text),
    );
  const open = (value: Json): Json =>
    rewriteTexts(value, (text) =>
      names.reduce((left, { secret, sealed }) => left.replaceAll(sealed, () => secret), text),
    );
  return {
    read: async (key) => {
      const value = await journal.read(key);
      return value === undefined ? undefined : open(value);
    },
    entries: async (prefix) =>
      new Map([...(await journal.entries(prefix))].map(([key, value]) => [key, open(value)])),
    write: async (key, value) => {
      // Megabytes take a while to look through: whatever else waits for the event loop comes before and behind that.
      await nextTask();
      const sealed = seal(value);
      await nextTask();
      await journal.write(key, sealed);
    },
  };
};
