import { z } from "zod";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";

/** Where every round of a loop starts. */
export const loopStartKind = defineNodeKind({
  type: "loop-start",
  role: "root",
  schema: z.object({}),
  declare: () => PLAIN_DECLARATION,
  execute: async () => ({ ok: true, outputs: {} }),
});
