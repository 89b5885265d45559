import { z } from "zod";
import { defineNodeKind, type NodeKind, nodeFailure, PLAIN_DECLARATION } from "../../node.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

const START_INSTEAD = flowMessage("flow.node.kind-start");
const KNOWLEDGE_WRITER = flowMessage("flow.node.kind-knowledge-writer");

/** What we do not run, and what to do instead. */
const INSTEAD: Readonly<Record<string, FlowMessage>> = {
  "human-input": flowMessage("flow.node.kind-human-input"),
  "trigger-webhook": START_INSTEAD,
  "trigger-schedule": START_INSTEAD,
  "trigger-plugin": START_INSTEAD,
  datasource: flowMessage("flow.node.kind-datasource"),
  "datasource-empty": flowMessage("flow.node.kind-datasource-empty"),
  "knowledge-index": KNOWLEDGE_WRITER,
  "knowledge-base": KNOWLEDGE_WRITER,
  command: flowMessage("flow.node.kind-command"),
  "file-upload": flowMessage("flow.node.kind-file-upload"),
};

/** Dify starts a flow at these where it has no start node. */
const ROOTS: ReadonlySet<string> = new Set([
  "trigger-webhook",
  "trigger-schedule",
  "trigger-plugin",
  "datasource",
]);

/** The kinds that are known and fail by name when they are reached. */
export const FAILING_KINDS: readonly NodeKind[] = Object.entries(INSTEAD).map(([type, message]) =>
  defineNodeKind({
    type,
    role: ROOTS.has(type) ? "root" : "plain",
    schema: z.object({}),
    declare: () => ({ ...PLAIN_DECLARATION, outputs: null, failures: [{ field: "type", message }] }),
    execute: async () => nodeFailure("NotImplementedError", message),
  }),
);
