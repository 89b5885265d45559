import { z } from "zod";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";

/** Ends the loop around it after the round that reaches it. */
export const loopEndKind = defineNodeKind({
  type: "loop-end",
  schema: z.object({}),
  declare: () => ({ ...PLAIN_DECLARATION, handles: [] }),
  execute: async () => ({ ok: true, outputs: {} }),
});
