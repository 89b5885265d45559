import { describeError } from "../../base/errors.ts";
import type { HttpClient } from "../../flow/ports.ts";
import type { HttpAnswerFrame } from "./python-frames.ts";
import type { SendForPython } from "./python-process.ts";

/** Dify's defaults of an HTTP node, for calls that name no timeout. */
const CONNECT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;
/** Dify's limit for text that an HTTP node reads is 1 MB; code may need a longer list. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;

const CLOSED: HttpAnswerFrame = {
  ok: false,
  kind: "connection",
  message: "Requests from Python code nodes are not allowed here; the operator can allow hosts for flows",
};

/** Makes the requests of Python's `requests` through the host's guarded client; without one, none. */
export const createSendForPython =
  (http: HttpClient | null, signal: AbortSignal): SendForPython =>
  async (frame) => {
    if (http === null) return CLOSED;
    try {
      const result = await http.send({
        method: frame.method,
        url: frame.url,
        headers: frame.headers,
        body: frame.body === null ? null : Buffer.from(frame.body, "base64"),
        connectTimeoutMs: frame.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        readTimeoutMs: frame.readTimeoutMs ?? READ_TIMEOUT_MS,
        writeTimeoutMs: READ_TIMEOUT_MS,
        verifyTls: frame.verifyTls,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      });
      if (!result.ok)
        return {
          ok: false,
          kind: /timeout|timed out/i.test(`${result.errorType} ${result.message}`) ? "timeout" : "connection",
          message: result.message,
        };
      const { status, url, headers, body } = result.value;
      return { ok: true, status, url, headers, body: Buffer.from(body).toString("base64") };
    } catch (error) {
      return { ok: false, kind: "connection", message: describeError(error) };
    }
  };
