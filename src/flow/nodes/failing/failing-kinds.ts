import { z } from "zod";
import { defineNodeKind, type NodeKind, nodeFailure, PLAIN_DECLARATION } from "../../node.ts";

const START_INSTEAD =
  "Reviewflow itself starts the flow. Put a start node in its place, with the values it needs as inputs.";

/** What we do not run, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  "human-input":
    "A review cannot wait for a person. Remove the node, or run this flow on a Dify server (a flow's setting dify).",
  "trigger-webhook": START_INSTEAD,
  "trigger-schedule": START_INSTEAD,
  "trigger-plugin": START_INSTEAD,
  datasource: "Data sources belong to Dify's knowledge pipelines. Give the data as an input of a start node.",
  "datasource-empty": "Data sources belong to Dify's knowledge pipelines. Remove the empty data source.",
  "knowledge-index":
    "Writing into a knowledge base is not part of a review. Remove the node; datasets are read from folders.",
  "knowledge-base":
    "Writing into a knowledge base is not part of a review. Remove the node; datasets are read from folders.",
  command:
    "Commands need Dify's sandbox. Use a code node, or run this flow on a Dify server (a flow's setting dify).",
  "file-upload": "File uploads need Dify's storage. Give the file's text as an input instead.",
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
