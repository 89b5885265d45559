import type { NodeKind } from "../node.ts";
import { CONTROL_KINDS } from "./control-kinds.ts";
import { WORK_KINDS } from "./work-kinds.ts";

const KINDS: ReadonlyMap<string, NodeKind> = new Map(
  [...CONTROL_KINDS, ...WORK_KINDS].map((kind) => [kind.type, kind]),
);

/** The kind that a file names in `data.type`; undefined for one that nobody knows. */
export const findNodeKind = (type: string): NodeKind | undefined => KINDS.get(type);
