import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { DifyError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { message } from "../messages/message.ts";
import { withAdvice } from "./dify-failure.ts";
import { createDifyTransport } from "./dify-transport.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

/** Which dataset of which Dify, and by which setting it is configured. */
export type DatasetDeskOptions = {
  /** Dify's address, with or without `/v1`. */
  readonly baseUrl: string;
  /** A key of the knowledge API (`dataset-…`); an app's does not open datasets. */
  readonly apiKey: Secret;
  readonly datasetId: string;
  /** The key of the configuration, for messages. */
  readonly setting: string;
  readonly clock: Clock;
};

/** The documents of one dataset. */
export type DatasetDesk = {
  /**
   * Puts a text under a name, in the place of what was under it; the empty text takes the document away.
   * Dify indexes it some seconds later, and refuses another text meanwhile. Throws DifyError.
   */
  readonly put: (name: string, text: string, signal?: AbortSignal) => Promise<void>;
};

/** The answers of Dify's knowledge API, as far as they are needed. */
const Documents = z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })) });
const Accepted = z.object({ document: z.object({ id: z.string() }) });

/** The calls as messages name them. */
const DOCUMENTS = "/datasets/:id/documents";
const DOCUMENT = `${DOCUMENTS}/:document`;
const CREATE = "/datasets/:id/document/create-by-text";

/** A review waits for this; Dify only takes the text here and indexes it later. */
const ANSWER_MS = 15_000;

/** Names are looked for by a part of them, so that others may be among the answers. */
const MOST_FOUND = 100;

/**
 * The dataset through Dify's knowledge API (its reference, "Documents"). A new dataset without any document
 * is indexed by keywords, which needs no embedding model; any other keeps its own way.
 */
export const createDatasetDesk = (options: DatasetDeskOptions): DatasetDesk => {
  const { baseUrl, apiKey, clock, setting } = options;
  const { connectMs } = DEFAULT_LIMITS;
  const { json, bare } = createDifyTransport({ baseUrl, apiKey, connectMs, answerMs: ANSWER_MS, clock });
  const root = `/datasets/${encodeURIComponent(options.datasetId)}`;
  const find = async (name: string, signal?: AbortSignal): Promise<string | null> => {
    const query = new URLSearchParams({ keyword: name, page: "1", limit: String(MOST_FOUND) });
    const path = `${root}/documents?${query.toString()}`;
    const listed = await json({ method: "GET", route: DOCUMENTS, path, signal }, Documents);
    return listed.data.find((document) => document.name === name)?.id ?? null;
  };
  const put = async (name: string, text: string, signal?: AbortSignal): Promise<void> => {
    const known = await find(name, signal);
    const common = { name, text, doc_form: "text_model", process_rule: { mode: "automatic" } };
    if (known === null) {
      if (text === "") return;
      const body = { ...common, indexing_technique: "economy" };
      const path = `${root}/document/create-by-text`;
      await json({ method: "POST", route: CREATE, path, body, signal }, Accepted);
      return;
    }
    const document = `${root}/documents/${encodeURIComponent(known)}`;
    if (text === "") {
      await bare({ method: "DELETE", route: DOCUMENT, path: document, signal });
      return;
    }
    const path = `${document}/update-by-text`;
    await json({ method: "POST", route: `${DOCUMENT}/update-by-text`, path, body: common, signal }, Accepted);
  };
  return {
    put: async (name, text, signal) => {
      try {
        await put(name, text, signal);
      } catch (error) {
        throw error instanceof DifyError ? explain(error, setting) : error;
      }
    },
  };
};

/** What the transport says of keys and addresses is meant for apps. */
const explain = (error: DifyError, setting: string): DifyError => {
  const advice =
    error.status === 401 || error.status === 403 || error.status === 404 ? ADVICE[error.status] : null;
  if (advice === null) return error;
  const { code, status, retryable, retryAfterMs, said } = error;
  const failure = message("dify.rejected", { call: DOCUMENTS, answer: status ?? code });
  return new DifyError(withAdvice(failure, said, message(advice, { setting })), {
    code,
    status,
    said,
    retryable,
    retryAfterMs,
    cause: error,
  });
};

const ADVICE = {
  401: "dify.advice.dataset-key",
  403: "dify.advice.dataset-access",
  404: "dify.advice.dataset-missing",
} as const;
