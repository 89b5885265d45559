import { z } from "zod";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";

/** Where every round of an iteration starts. */
export const iterationStartKind = defineNodeKind({
  type: "iteration-start",
  role: "root",
  schema: z.object({}),
  declare: () => PLAIN_DECLARATION,
  execute: async () => ({ ok: true, outputs: {} }),
});
