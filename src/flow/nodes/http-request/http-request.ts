import { isReading } from "../../../base/http-method.ts";
import type { JsonObject } from "../../../base/json.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome, NodeRemark, VariableUse } from "../../node.ts";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import type { HttpRequest } from "../../ports.ts";
import type { ValueType } from "../../value-type.ts";
import { readsOfText } from "../selector-path.ts";
import { buildRequest, TIMEOUT_LIMITS } from "./request.ts";
import { responseOutputs } from "./response.ts";
import type { HttpBody } from "./schema.ts";
import { bodyItems, HttpRequestData } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

/** Dify's client counts these as failures of the request, whatever the node's settings. */
const ALWAYS_FAIL: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const TYPES: Readonly<Record<string, ValueType>> = { files: "array[file]" };

const readsOfBody = (body: HttpBody | null): readonly VariableUse[] =>
  (body === null ? [] : bodyItems(body)).flatMap((item) => [
    ...readsOfText("body.data", item.key),
    ...readsOfText("body.data", item.value),
    ...((item.file ?? []).length > 1
      ? [{ selector: item.file ?? [], field: "body.data", needed: body?.type === "binary" }]
      : []),
  ]);

const bodyWarnings = (body: HttpBody | null): readonly NodeRemark[] => {
  if (body === null || body.type === "none") return [];
  if (body.type === "form-data" || body.type === "x-www-form-urlencoded") {
    if (typeof body.data !== "string" || body.data === "") return [];
    return [{ field: "body.data", message: flowMessage("flow.http.form-is-text") }];
  }
  const count = bodyItems(body).length;
  return count === 1
    ? []
    : [
        {
          field: "body.data",
          message: flowMessage("flow.http.body-items", { type: body.type, count }),
        },
      ];
};

const timeoutWarnings = (data: HttpRequestData): readonly NodeRemark[] =>
  (["connect", "read", "write"] as const).flatMap((kind) =>
    (data.timeout?.[kind] ?? 0) > TIMEOUT_LIMITS[kind]
      ? [
          {
            field: `timeout.${kind}`,
            message: flowMessage("flow.http.timeout-limit", { most: TIMEOUT_LIMITS[kind] }),
          },
        ]
      : [],
  );

const declare = (data: HttpRequestData): NodeDeclaration => {
  const config = data.authorization?.type === "api-key" ? (data.authorization.config ?? null) : null;
  const lacksKey = data.authorization?.type === "api-key" && (config?.api_key ?? "").trim() === "";
  return {
    ...PLAIN_DECLARATION,
    reads: [
      ...readsOfText("url", data.url),
      ...readsOfText("headers", data.headers),
      ...readsOfText("params", data.params),
      ...readsOfText("authorization.config.api_key", config?.api_key ?? ""),
      ...readsOfBody(data.body ?? null),
    ],
    outputs: { status_code: "integer", body: "string", headers: "object", files: "array[file]" },
    warnings: [
      ...(data.method === "options" ? [{ field: "method", message: flowMessage("flow.http.options") }] : []),
      ...timeoutWarnings(data),
      ...bodyWarnings(data.body ?? null),
      ...(lacksKey
        ? [
            {
              field: "authorization.config.api_key",
              message: flowMessage("flow.http.key-empty"),
            },
          ]
        : []),
    ],
  };
};

/** What the event shows: no header and no query, where secrets live. */
const shownInputs = (request: HttpRequest): JsonObject => {
  const url = URL.canParse(request.url) ? new URL(request.url) : null;
  return { method: request.method, url: url === null ? "" : `${url.origin}${url.pathname}` };
};

const settle = async (
  data: HttpRequestData,
  context: NodeContext,
  request: HttpRequest,
): Promise<NodeOutcome> => {
  const inputs = shownInputs(request);
  const response = await context.ports.http.send(request);
  if (!response.ok) return portFailure(response, { inputs });
  const { status } = response.value;
  if (ALWAYS_FAIL.has(status)) {
    const origin = new URL(request.url).origin;
    const message = flowMessage("flow.http.retries-used", { origin, status });
    return nodeFailure("HttpRequestNodeError", message, { inputs });
  }
  const outputs = responseOutputs(response.value);
  const isStrict = (data.error_strategy ?? "") !== "" || data.retry_config?.retry_enabled === true;
  if (isStrict && (status < 200 || status > 299)) {
    return nodeFailure("HTTPResponseCodeError", flowMessage("flow.http.status", { status }), {
      inputs,
      outputs,
    });
  }
  return { ok: true, inputs, outputs, types: TYPES };
};

const SENT = "sent";

const execute = async (data: HttpRequestData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, journal } = context;
  const request = await buildRequest(data, { pool, http: ports.http, signal });
  if (isReading(request.method)) return settle(data, context, request);
  const mayBeSent = (await journal.read(SENT)) !== undefined;
  if (!mayBeSent) await journal.write(SENT, true);
  return settle(data, context, { ...request, mayBeSent });
};

/**
 * Sends an HTTP request through the guarded client (Dify's node documentation, "HTTP Request"). An answer of 4xx is a
 * success unless the node has an error strategy or retries.
 */
export const httpRequestKind = defineNodeKind({
  type: "http-request",
  retries: true,
  schema: HttpRequestData,
  declare,
  execute,
});
