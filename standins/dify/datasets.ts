import { randomUUID } from "node:crypto";
import { z } from "zod";
import { invalidParam, notFound, Refusal, UnknownPath } from "./refusals.ts";
import { UUID, type Fields } from "./stand-in-app.ts";

/** A dataset of the stand-in. */
export type StandInDataset = {
  readonly id: string;
  /** A key of the knowledge API that opens it. */
  readonly key: string;
  /** Left out for a dataset without any document yet, which takes that of its first. */
  readonly indexing?: "high_quality" | "economy";
  /** Whether a text stays in indexing until `finishIndexing`; without it, it is there at once. */
  readonly indexesSlowly?: boolean;
};

/** A document as it stands. */
type StandInDocument = {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly status: "indexing" | "available";
};

/** A request to the knowledge API. */
type DatasetRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string | null;
  readonly readBody: () => Promise<unknown>;
};

/** The datasets with their documents. */
export type Datasets = {
  /** Answers a request; null for a path that is not about datasets. A Refusal is thrown. */
  readonly serve: (request: DatasetRequest) => Promise<{ status: number; body: Fields | null } | null>;
  readonly documents: (datasetId: string) => readonly StandInDocument[];
  readonly finishIndexing: () => void;
};

type Document = { -readonly [Key in keyof StandInDocument]: StandInDocument[Key] };
type Kept = { readonly dataset: StandInDataset; indexing: string | null; readonly documents: Document[] };

const Rule = z.object({ mode: z.enum(["automatic", "custom", "hierarchical"]) });
const Form = z.enum(["text_model", "hierarchical_model", "qa_model"]);
const Creation = z.object({
  name: z.string(),
  text: z.string(),
  indexing_technique: z.enum(["high_quality", "economy"]).optional(),
  process_rule: Rule.nullish(),
  doc_form: Form.default("text_model"),
});
const Update = z.object({
  name: z.string().nullish(),
  text: z.string().nullish(),
  process_rule: Rule.nullish(),
  doc_form: Form.default("text_model"),
});

/** Makes the datasets of a stand-in; as in Dify, a text is indexed after it was accepted. */
export const createDatasets = (options: readonly StandInDataset[]): Datasets => {
  const all: readonly Kept[] = options.map((dataset) => ({
    dataset,
    indexing: dataset.indexing ?? null,
    documents: [],
  }));
  return {
    serve: async (request) => {
      const [, version, head, id = "", ...rest] = request.path.split("/").map(decodeURIComponent);
      if (version !== "v1" || head !== "datasets") return null;
      if (!all.some(({ dataset }) => dataset.key === request.key))
        throw new Refusal(401, "unauthorized", "Access token is invalid");
      // A key opens the datasets of its workspace only.
      const kept = all.find(({ dataset }) => dataset.id === id && dataset.key === request.key);
      if (!UUID.test(id)) throw new UnknownPath();
      return route(request, kept, rest);
    },
    documents: (datasetId) => all.find(({ dataset }) => dataset.id === datasetId)?.documents ?? [],
    finishIndexing: () => {
      for (const { documents } of all) for (const document of documents) document.status = "available";
    },
  };
};

const route = async (
  { method, query, readBody }: DatasetRequest,
  kept: Kept | undefined,
  [first, second, third]: readonly string[],
): Promise<{ status: number; body: Fields | null }> => {
  if (method === "GET" && first === "documents" && second === undefined) {
    if (kept === undefined) throw notFound("Dataset not found.");
    return { status: 200, body: list(kept, query) };
  }
  if (method === "POST" && first === "document" && second === "create-by-text")
    return { status: 200, body: create(kept, await readBody()) };
  if (second === undefined || !UUID.test(second)) throw new UnknownPath();
  if (method === "POST" && first === "documents" && third === "update-by-text")
    return { status: 200, body: update(kept, second, await readBody()) };
  if (method === "DELETE" && first === "documents" && third === undefined) {
    remove(kept, second);
    return { status: 204, body: null };
  }
  throw new UnknownPath();
};

const shown = ({ id, name, text, status }: Document): Fields => ({
  id,
  name,
  indexing_status: status === "available" ? "completed" : "waiting",
  display_status: status === "available" ? "available" : "queuing",
  word_count: text.length,
  enabled: true,
  doc_form: "text_model",
});

const list = ({ documents }: Kept, query: URLSearchParams): Fields => {
  const limit = Math.min(100, Number(query.get("limit") ?? "20"));
  const page = Number(query.get("page") ?? "1");
  const keyword = query.get("keyword") ?? "";
  const found = documents.filter(({ name }) => name.includes(keyword)).toReversed();
  const data = found.slice((page - 1) * limit, page * limit).map(shown);
  return { data, has_more: data.length === limit, limit, total: found.length, page };
};

const parse = <T>(schema: z.ZodType<T>, body: unknown): T => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidParam(`${parsed.error.issues[0]?.path.join(".") ?? "body"} is not valid`);
};

const needDataset = (kept: Kept | undefined): Kept => {
  if (kept === undefined) throw invalidParam("Dataset does not exist.");
  return kept;
};

const create = (given: Kept | undefined, body: unknown): Fields => {
  const {
    name,
    text,
    indexing_technique: indexing,
    process_rule: rule,
    doc_form: form,
  } = parse(Creation, body);
  const kept = needDataset(given);
  if (kept.indexing === null && indexing === undefined) throw invalidParam("indexing_technique is required.");
  if (rule === null || rule === undefined) throw invalidParam("Data source or Process rule is required");
  if (form !== "text_model") throw invalidParam("doc_form is different from the dataset doc_form.");
  kept.indexing ??= indexing ?? null;
  const status = kept.dataset.indexesSlowly === true ? "indexing" : "available";
  const document: Document = { id: randomUUID(), name, text, status };
  kept.documents.push(document);
  return { document: shown(document), batch: randomUUID() };
};

const find = (kept: Kept, id: string): Document => {
  const document = kept.documents.find((one) => one.id === id);
  if (document === undefined) throw notFound("Document Not Exists.");
  return document;
};

const update = (given: Kept | undefined, id: string, body: unknown): Fields => {
  const { name, text } = parse(Update, body);
  const kept = needDataset(given);
  const document = find(kept, id);
  if (text !== null && text !== undefined && (name === null || name === undefined))
    throw invalidParam("Both text and name must be strings.");
  if (document.status !== "available") throw invalidParam("Document is not available");
  document.name = name ?? document.name;
  document.text = text ?? document.text;
  if (kept.dataset.indexesSlowly === true) document.status = "indexing";
  return { document: shown(document), batch: randomUUID() };
};

const remove = (given: Kept | undefined, id: string): void => {
  const kept = needDataset(given);
  const document = find(kept, id);
  if (document.status !== "available")
    throw new Refusal(400, "document_indexing", "Cannot delete document during indexing.");
  kept.documents.splice(kept.documents.indexOf(document), 1);
};
