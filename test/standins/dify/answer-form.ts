import { z } from "zod";
import type { Answer, Json } from "../../dify/transcripts.ts";

/** What of an answer has to be as a real Dify's: a tree whose leaves are compared by type, some by value. */
export type Form = Readonly<Record<string, unknown>>;

/** Headers that a client may act upon; the others are the web server's own. */
const HEADERS = [
  "access-control-allow-origin",
  "access-control-expose-headers",
  "cache-control",
  "content-type",
  "location",
  "server",
  "transfer-encoding",
  "vary",
  "www-authenticate",
  "x-env",
  "x-version",
];

/** Fields whose values are Dify's words and counts, not a flow's. */
const BY_VALUE = new Set([
  "author_name",
  "code",
  "created_by_role",
  "created_from",
  "error",
  "error_strategy",
  "error_type",
  "event",
  "exceptions_count",
  "finish_reason",
  "has_more",
  "index",
  "iteration_id",
  "iteration_index",
  "iteration_length",
  "limit",
  "max_length",
  "message",
  "mode",
  "model_mode",
  "node_id",
  "node_type",
  "opening",
  "page",
  "reason",
  "required",
  "result",
  "retry_index",
  "role",
  "status",
  "steps",
  "text of a page",
  "total",
  "total_steps",
  "triggered_from",
  "type",
  "variable",
  ...HEADERS,
]);

/** Objects whose keys are somebody else's: the headers of GitLab's answer. */
const isFree = (path: string): boolean =>
  path.endsWith("/outputs/headers") || path.endsWith("/inputs/headers");

/** Where the order of keys is checked, too: a frame's ids, and a field as it stands in the start node. */
const isOrdered = (path: string): boolean => /\/frames\/\d+$|\/user_input_form\/\d+\/[\w-]+$/.test(path);

const ANY = {
  uuid: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  request: /req_id: [0-9a-f]+/g,
  host: /127\.0\.0\.1:\d+/g,
};

/** A value without what is another one every time; of a longer text the first line. */
const withoutChance = (value: unknown): unknown =>
  typeof value === "string"
    ? value
        .replaceAll(ANY.uuid, "<id>")
        .replaceAll(ANY.request, "req_id: <id>")
        .replaceAll(ANY.host, "<host>")
        .split("\n", 1)[0]
    : value;

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === "object";

/** The first way in which two forms differ, with its place; null when they do not. */
export const firstDifference = (real: unknown, ours: unknown, path = ""): string | null => {
  if (typeOf(real) !== typeOf(ours)) return `${path}: ${typeOf(real)} there, ${typeOf(ours)} here`;
  if (isFree(path)) return null;
  if (Array.isArray(real) && Array.isArray(ours)) {
    for (let at = 0; at < Math.max(real.length, ours.length); at += 1) {
      if (at >= real.length || at >= ours.length) return `${path}: ${real.length} there, ${ours.length} here`;
      const found = firstDifference(real[at], ours[at], `${path}/${at}`);
      if (found !== null) return found;
    }
    return null;
  }
  if (isObject(real) && isObject(ours)) {
    const [names, own] = [Object.keys(real), Object.keys(ours)];
    const missing = names.find((name) => !(name in ours));
    if (missing !== undefined) return `${path}/${missing}: missing here`;
    const unknown = own.find((name) => !(name in real));
    if (unknown !== undefined) return `${path}/${unknown}: only here`;
    if (isOrdered(path) && names.join() !== own.join())
      return `${path}: ${names.join()} there, ${own.join()} here`;
    for (const name of names) {
      const found = firstDifference(real[name], ours[name], `${path}/${name}`);
      if (found !== null) return found;
    }
    return null;
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  const differs = BY_VALUE.has(name) && withoutChance(real) !== withoutChance(ours);
  return differs ? `${path}: ${JSON.stringify(real)} there, ${JSON.stringify(ours)} here` : null;
};

const parse = (text: string): Json => z.record(z.string(), z.unknown()).parse(JSON.parse(text));

/** The same tree, with texts of JSON taken apart where Dify has them. */
const unfold = (json: Json): Json =>
  typeof json["inputs"] === "string" ? { ...json, inputs: { text: parse(json["inputs"]) } } : json;

const bodyOf = (answer: Answer): Form => {
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) {
    const [first] = answer.frames;
    return { opening: first?.ping === true ? "ping" : "data", frames: framesOf(answer) };
  }
  if (!type.startsWith("application/json")) return { "text of a page": answer.body };
  const isPage = answer.body.endsWith("\n");
  return { json: unfold(parse(answer.body)), "ends in a line end": isPage ? 1 : null };
};

const selectorOf = (json: Json | undefined): string | null => {
  const data = json?.["data"];
  return json?.["event"] === "text_chunk" && isObject(data)
    ? JSON.stringify(data["from_variable_selector"])
    : null;
};

/** A stream's frames without its pings; the chunks of one text are one frame, since a model cuts as it likes. */
const framesOf = ({ frames }: Answer): readonly Json[] => {
  const kept: Json[] = [];
  for (const frame of frames) {
    if (frame.ping) continue;
    const selector = selectorOf(frame.json);
    const last = kept.at(-1);
    const isMore =
      selector !== null && selector === selectorOf(last) && firstDifference(last, frame.json) === null;
    if (!isMore) kept.push(frame.json);
  }
  return kept;
};

/** The form of an answer. */
export const formOf = (answer: Answer): Form => ({
  status: answer.status,
  headers: Object.fromEntries([...answer.headers].filter(([name]) => HEADERS.includes(name))),
  ...bodyOf(answer),
});

/** Another type than that of `value`. */
const otherType = (value: unknown): unknown => (value === null ? "a text" : null);

/** Does `check` on every form that differs from `form` in one field: taken away, renamed, of another type. */
export const forEachMutation = (form: Form, check: (what: string) => void): void => {
  const visit = (value: unknown, path: string): void => {
    if (isFree(path)) return;
    if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) {
        value.splice(at, 1);
        check(`${path}/${at} taken away`);
        value.splice(at, 0, item);
        visit(item, `${path}/${at}`);
      }
      return;
    }
    if (!isObject(value)) return;
    const all = Object.entries(value);
    const put = (entries: readonly (readonly [string, unknown])[]): void => {
      for (const name of Object.keys(value)) delete value[name];
      for (const [name, item] of entries) value[name] = item;
    };
    for (const [name, item] of all) {
      put(all.filter(([one]) => one !== name));
      check(`${path}/${name} taken away`);
      put(all.map(([one, any]) => [one === name ? `${one}_` : one, any]));
      check(`${path}/${name} renamed`);
      put(all.map(([one, any]) => [one, one === name ? otherType(item) : any]));
      check(`${path}/${name} of another type`);
      put(all);
      visit(item, `${path}/${name}`);
    }
  };
  visit(form, "");
};
