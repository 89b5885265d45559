import { createHash } from "node:crypto";
import { z } from "zod";
import type { Sql } from "../database.ts";
import { DELIVERY_COLUMNS, DeliveryRow, isUuid } from "../schema.ts";
import type { Delivery } from "../store.ts";

/** What the keys of deliveries begin with, so that GitLab's own id can be asked for without it. */
const KEY_PREFIXES = ["", "idempotency-key:", "webhook-id:"] as const;

/** Finds a delivery by our id or by its key; see Views.findDelivery. */
export const findDelivery = async (sql: Sql, reference: string): Promise<Delivery | null> => {
  const hashes = KEY_PREFIXES.map((prefix) =>
    createHash("sha256").update(`${prefix}${reference}`).digest("hex"),
  );
  const rows = await sql.query(
    `SELECT ${DELIVERY_COLUMNS} FROM reviewflow.deliveries WHERE id = $1::uuid OR key_hash = ANY($2::text[])
     ORDER BY (id = $1::uuid) IS TRUE DESC, seq DESC LIMIT 1`,
    [isUuid(reference) ? reference : null, hashes],
  );
  return z.array(DeliveryRow).parse(rows)[0] ?? null;
};
