import type { ContextLimit } from "../base/context-limit.ts";
import type { Outside } from "../base/outside.ts";
import type { Journal } from "../base/journal.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { Exact } from "./exact.ts";
import type { FlowUsage } from "./flow-event.ts";
import type { MessageOf } from "./messages/message.ts";

/**
 * What a node needs of the world outside. The engine owns these types, adapters in other rooms fulfil
 * them. An expected failure (the code threw, the model refused) is a value with Dify's `error_type`;
 * only a broken adapter throws. All of them reject with the signal's reason when it is aborted.
 */
export type NodeFailure = {
  readonly ok: false;
  /** Dify's name for the failure, put into the node's `error_type` output. */
  readonly errorType: string;
  /** In English or in another's words; becomes the output `error_message` under an error strategy. */
  readonly message: string;
  /** The same in a code of the host's catalogue, for people who read another language. */
  readonly host?: MessageOf<string>;
  /** Whether the adapter thinks that another attempt may succeed; a node's retry settings still rule. */
  readonly retryable: boolean;
  /** A time limit of a connection, a request or its answer was reached. */
  readonly timedOut?: true;
  /** What models took before it failed; left out where that is nothing. */
  readonly usage?: FlowUsage;
  /** A model takes no prompt of this length. */
  readonly contextLimit?: ContextLimit;
  /** What failed outside this process, and how long it asks to be left alone, in milliseconds. */
  readonly outside?: Outside & { readonly pauseMs: number | null };
  /** The same call may succeed in a while, also where `outside` names nothing to wait for. */
  readonly passes?: true;
};

/** What a failure of a port tells whoever runs the flow, besides its words. */
export type FailureCause = Pick<NodeFailure, "outside" | "contextLimit" | "passes">;

/** Either what was asked for or an expected failure. */
export type NodeResult<T> = { readonly ok: true; readonly value: T } | NodeFailure;

/** The code of a code node with its arguments. */
export type CodeRequest = {
  readonly language: "javascript" | "python3";
  /** Source text that defines `main`. */
  readonly code: string;
  /** Arguments of `main`: by name in Python, as one object in JavaScript. */
  readonly inputs: Readonly<Record<string, Exact>>;
  readonly signal: AbortSignal;
};

/** Runs code nodes in a sandbox; returns what `main` returned, unchecked against the declared outputs. */
export type CodeRunner = { readonly run: (request: CodeRequest) => Promise<NodeResult<Exact>> };

/** A Jinja2 template with its variables. */
export type TemplateRequest = {
  readonly template: string;
  readonly variables: Readonly<Record<string, Exact>>;
  readonly signal: AbortSignal;
};

/** Renders Jinja2 as Python's Jinja2 3.1 does with Dify's settings: silent undefined, no autoescape. */
export type TemplateRenderer = { readonly render: (request: TemplateRequest) => Promise<NodeResult<string>> };

/** A call of a tool that a model asks for. */
export type ToolCall = {
  /** Unique among the calls of one answer. */
  readonly id: string;
  /** An offered tool's name, or one that the model made up. */
  readonly name: string;
  /** JSON as the model wrote it, damaged where its was. */
  readonly arguments: string;
};

/** An image in a message. */
export type ModelImage = {
  /** Such as `image/png`. */
  readonly mediaType: string;
  /** In base64. */
  readonly data: string;
  /** How closely the model looks, for providers that let one choose. */
  readonly detail: "low" | "high";
};

/** One message of a prompt. */
export type ModelMessage =
  | { readonly role: "system"; readonly content: string }
  | {
      readonly role: "user";
      readonly content: string;
      /** They stand before the text. A server that takes none is asked without them. */
      readonly images?: readonly ModelImage[];
    }
  | {
      readonly role: "assistant";
      readonly content: string;
      /** What the answer called; each call needs a `tool` message behind this one, in any order. */
      readonly toolCalls?: readonly ToolCall[];
      /** The answer's own `turn`, given back to who gave it. */
      readonly turn?: Json;
    }
  | { readonly role: "tool"; readonly content: string; readonly callId: string; readonly toolName: string };

/** A call of a language model as a flow names it. */
export type ModelRequest = {
  /** The file's provider, such as `langgenius/openai/openai`. */
  readonly provider: string;
  readonly name: string;
  readonly messages: readonly ModelMessage[];
  /** The file's `completion_params`, such as temperature and max_tokens. */
  readonly parameters: JsonObject;
  /** A JSON schema that the answer should follow, null for free text. Answers are parsed leniently. */
  readonly responseSchema: JsonObject | null;
  /**
   * The tools of an agent, each under another name of letters, digits, `_` and `-`, at most 64 of them and not a digit
   * first, as every provider takes it. A server that takes no tools fails the call by name: they are never left out.
   */
  readonly tools?: readonly ToolDescription[];
  /** `none` shows the tools without letting the model call them; a server may pass over it. `auto` when left out. */
  readonly toolChoice?: "auto" | "none";
  readonly signal: AbortSignal;
  /** Whether the node repeats a failed call by its own settings: it is then made once. */
  readonly isRetried?: boolean;
  /** Called with each piece of text as it arrives, when the model streams. */
  readonly onText?: (chunk: string) => void;
  /** Called when the call waits for its place behind others; the function that it gives ends the wait. */
  readonly onQueued?: () => () => void;
};

/** What a language model answered. */
export type ModelAnswer = {
  readonly text: string;
  /** The model's reasoning where the provider reports it apart, else the empty text. */
  readonly reasoning: string;
  readonly finishReason: string;
  readonly usage: FlowUsage;
  /** Empty unless the request had tools. */
  readonly toolCalls: readonly ToolCall[];
  /**
   * The answer as its provider wants to see it again in front of the results of its calls (signed thoughts); only the
   * adapter that gave it reads it. Left out of answers without calls.
   */
  readonly turn?: Json;
};

/** Calls language models. */
export type ModelClient = { readonly generate: (request: ModelRequest) => Promise<NodeResult<ModelAnswer>> };

/** An HTTP request of a flow; the client guards which addresses it may reach. */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly verifyTls: boolean;
  /** A longer answer is a failure. */
  readonly maxResponseBytes: number;
  /** Whether it may have been sent before: by a process that ended meanwhile, or by an attempt whose answer was lost. */
  readonly mayBeSent?: boolean;
  readonly signal: AbortSignal;
};

/** The last answer, after redirects. */
export type HttpResponse = {
  readonly status: number;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
};

/** Sends requests for flows, refusing addresses that the operator has not allowed, on every redirect. */
export type HttpClient = { readonly send: (request: HttpRequest) => Promise<NodeResult<HttpResponse>> };

/** A search in the organisation's knowledge. */
export type KnowledgeRequest = {
  readonly datasetIds: readonly string[];
  readonly query: string;
  readonly topK: number;
  /** Records below are left out; null keeps all. */
  readonly scoreThreshold: number | null;
  readonly signal: AbortSignal;
};

/** One piece found, in the words of Dify's knowledge-retrieval output. */
export type KnowledgeRecord = {
  readonly datasetId: string;
  readonly datasetName: string;
  readonly documentId: string;
  readonly documentName: string;
  readonly segmentId: string;
  readonly position: number;
  readonly score: number;
  readonly title: string;
  readonly content: string;
};

/** Searches datasets; an unknown dataset is a failure that names it. */
export type KnowledgeSearch = {
  readonly search: (request: KnowledgeRequest) => Promise<NodeResult<readonly KnowledgeRecord[]>>;
};

/** A tool as files name it. */
export type ToolReference = {
  /** `builtin` (also for every plugin), `mcp`, `api` or `workflow`. */
  readonly providerType: string;
  /** `time`, `langgenius/jina/jina`, the identifier of an MCP server, or an id of the workspace that the file is from. */
  readonly providerId: string;
  readonly toolName: string;
};

/** A call of a tool. */
export type ToolRequest = ToolReference & {
  /**
   * What the node or a model gives, without values that are null. What the file has as text or as a constant is text, as in
   * Dify: whoever runs the tool makes of it what the tool declares.
   */
  readonly parameters: JsonObject;
  /** What the file sets once and for all (`tool_configurations`), as texts or plain values. */
  readonly settings: JsonObject;
  readonly signal: AbortSignal;
  /** How many flows have called one another to come here. */
  readonly callDepth: number;
  /** Entries of this call alone. They are there again when the run is taken up before the call has ended. */
  readonly journal: Journal;
};

/** What a tool answered, in the form of Dify's outputs. */
export type ToolAnswer = {
  readonly text: string;
  /** Dify's `[{"data": []}]` where the tool gave no JSON. */
  readonly json: readonly Json[];
  /** File values with Dify's keys. */
  readonly files: readonly JsonObject[];
  /** Further outputs by name, which win over the three above. */
  readonly variables: JsonObject;
  /** What models took for it. */
  readonly usage: FlowUsage;
};

/** A tool as it is offered to a model. */
export type ToolDescription = {
  readonly name: string;
  readonly description: string;
  /** The JSON schema of the object of its parameters. */
  readonly parameters: JsonObject;
};

/** Runs tools. One that is not set up is a failure that says by which setting it would be. */
export type ToolRunner = {
  readonly invoke: (request: ToolRequest) => Promise<NodeResult<ToolAnswer>>;
  readonly describe: (
    tool: ToolReference & Pick<ToolRequest, "settings" | "signal">,
  ) => Promise<NodeResult<ToolDescription>>;
};

/** The formats of documents that are no plain text; `html` is a web page in UTF-8. */
export type DocumentFormat = "pdf" | "docx" | "xlsx" | "pptx" | "html";

/** A document whose text is wanted. */
type DocumentRequest = {
  readonly format: DocumentFormat;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal;
};

/**
 * Reads documents as Dify's extractor does: the pages of a PDF one after the other, paragraphs and Markdown tables of
 * Word, a Markdown table a sheet of Excel, the texts of slides of PowerPoint; of a web page the article, as Dify's web
 * scraper does.
 */
export type DocumentReader = { readonly read: (request: DocumentRequest) => Promise<NodeResult<string>> };
