import type { NodeKind } from "../node.ts";

/** The kinds that lead a run: where it starts and ends, how it branches, repeats and keeps values. */
export const CONTROL_KINDS: readonly NodeKind[] = [];
