import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Journal } from "../base/journal.ts";
import type { Json } from "../base/json.ts";
import { isJsonArray, isJsonObject } from "../flow/value-type.ts";

const SEAL = "seal";
const Nonce = z.string().regex(/^[0-9a-f]{32}$/);

const rewrite = (value: Json, text: (text: string) => string): Json => {
  if (typeof value === "string") return text(value);
  if (isJsonArray(value)) return value.map((item) => rewrite(item, text));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), rewrite(item, text)]));
};

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
    rewrite(value, (text) =>
      names.reduce((left, { secret, sealed }) => left.replaceAll(secret, () => sealed), text),
    );
  const open = (value: Json): Json =>
    rewrite(value, (text) =>
      names.reduce((left, { secret, sealed }) => left.replaceAll(sealed, () => secret), text),
    );
  return {
    read: async (key) => {
      const value = await journal.read(key);
      return value === undefined ? undefined : open(value);
    },
    entries: async (prefix) =>
      new Map([...(await journal.entries(prefix))].map(([key, value]) => [key, open(value)])),
    write: (key, value) => journal.write(key, seal(value)),
  };
};
