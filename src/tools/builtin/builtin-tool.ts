import type { Clock } from "../../base/clock.ts";
import type { JsonObject } from "../../base/json.ts";
import type { CodeRunner, DocumentReader, HttpClient, NodeResult, ToolAnswer } from "../../flow/ports.ts";

/** What tools of ours run on. */
export type BuiltinContext = {
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly code: CodeRunner;
  readonly documents: DocumentReader;
  /** The one secret that its provider takes, where the flow was given it; else null. */
  readonly secret: string | null;
  readonly signal: AbortSignal;
};

/** A tool that is part of Dify, or of one of its plugins, and runs here in its own right. */
export type BuiltinTool = {
  /** What a model is told. */
  readonly description: string;
  /** The JSON schema of what a model or a node gives. */
  readonly parameters: JsonObject;
  /** The properties of what the file sets (`tool_configurations`). */
  readonly settings: JsonObject;
  /** Runs on values of the declared types. */
  readonly run: (values: JsonObject, context: BuiltinContext) => Promise<NodeResult<ToolAnswer>>;
};
