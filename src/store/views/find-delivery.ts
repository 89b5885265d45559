import { createHash } from "node:crypto";
import type { Sql } from "../database.ts";
import { DELIVERY_COLUMNS, toDelivery } from "../run-rows.ts";
import type { Delivery } from "../store.ts";

/** What the keys of deliveries begin with, so that GitLab's own id can be asked for without it. */
const KEY_PREFIXES = ["", "idempotency-key:", "webhook-id:"] as const;

/** Finds a delivery by our id or by its key; see Views.findDelivery. */
export const findDelivery = async ({ db }: Sql, reference: string): Promise<Delivery | null> => {
  const hashes = KEY_PREFIXES.map((prefix) =>
    createHash("sha256").update(`${prefix}${reference}`).digest("hex"),
  );
  const found = await db
    .selectFrom("deliveries")
    .select(DELIVERY_COLUMNS)
    .where((eb) => eb.or([eb("id", "=", reference), eb("keyHash", "in", hashes)]))
    .orderBy("seq", "desc")
    .execute();
  const delivery = found.find(({ id }) => id === reference) ?? found[0];
  return delivery === undefined ? null : toDelivery(delivery);
};
