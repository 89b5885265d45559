import type { NodeKind } from "../node.ts";

/** The kinds that work through a port or on texts and documents. */
export const WORK_KINDS: readonly NodeKind[] = [];
