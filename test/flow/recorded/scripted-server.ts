import { createServer, type IncomingMessage } from "node:http";
import { z } from "zod";
import { createGuardedHttpClient } from "../../../src/egress/guarded-http-client.ts";
import type { HttpClient } from "../../../src/flow/ports.ts";
import { pythonJson } from "../../../src/flow/value-text.ts";

/** The name of the connection's own headers, which the server leaves out of what it echoes. */
const SKIPPED: ReadonlySet<string> = new Set(
  "host user-agent accept accept-encoding accept-language connection content-length keep-alive transfer-encoding".split(
    " ",
  ),
);
/** Where a request was meant to go that is sent to loopback. */
const MEANT_FOR = "x-meant-for";
/** The place that recorded flows name for the server itself. */
const RECORDED_PLACE = "127.0.0.1:18990";

type Answer = {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
};

const answer = (type: string | null, body: string | Uint8Array, status = 200): Answer => ({
  status,
  headers: type === null ? [] : [["Content-Type", type]],
  body: typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.from(body),
});

const json = (text: string, status = 200): Answer => answer("application/json", text, status);

/** GBK, Shift_JIS and Latin-1 as bytes. */
const bytes = (hex: string, times = 1): Buffer => Buffer.from(hex.repeat(times), "hex");
const GBK = "c4e3bac3a3accac0bde7a1a3d5e2cac7d2bbb8f6b2e2cad4a1a3";
const SHIFT_JIS = "82b182f182c982bf82cd90a28a45";

const OCTETS = "application/octet-stream";
const BYTES: Readonly<Record<string, Answer>> = {
  png: answer("image/png", bytes("89504e470d0a1a0a0001")),
  octet: answer(
    OCTETS,
    Uint8Array.from({ length: 20 }, (_, at) => at),
  ),
  octettext: answer(OCTETS, "plain text inside"),
  pdf: answer("application/pdf", bytes("255044462d312e340a25e2e30a")),
  zip: answer("application/zip", bytes("504b03040000")),
  audio: answer("audio/mpeg", bytes("49443300")),
  none: answer(null, "no type"),
  nonebin: answer(null, bytes("000102ff")),
  csv: answer("text/csv", "a,b\n1,2\n"),
  xml: answer("application/xml", "<a>1</a>"),
  js: answer("application/javascript", "var a=1"),
  svg: answer("image/svg+xml", "<svg/>"),
  jsonapi: answer("application/vnd.api+json", "{}"),
  form: answer("application/x-www-form-urlencoded", "a=1"),
  octetjson: answer(OCTETS, '{"a":1}'),
  yaml: answer("application/yaml", "a: 1\n"),
  msword: answer("application/msword", bytes("d0cf11e0")),
  textbin: answer("text/plain", bytes("00fffe0a")),
};

const TEXTS: Readonly<Record<string, Answer>> = {
  utf8: answer("text/plain; charset=utf-8", "Grüße 你好"),
  latin1: answer("text/plain; charset=iso-8859-1", Buffer.from("Grüße", "latin1")),
  gbk: answer("text/html; charset=gbk", bytes(GBK, 3)),
  sjis: answer("text/html; charset=Shift_JIS", bytes(SHIFT_JIS, 3)),
  nocharset: answer("text/plain", "Grüße 你好"),
  nocharsetgbk: answer("text/html", bytes(GBK, 5)),
  badcharset: answer("text/plain; charset=nope", "Grüße 你好"),
  bom: answer("text/plain; charset=utf-8", "\ufeffbom"),
  badutf8: answer("text/plain; charset=utf-8", bytes("61ff62")),
};

const SUBTITLES =
  "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>Hello\n\n00:01.000 --> 00:02.000\n<v Ann>again\n\n00:02.000 --> 00:03.000\n<v Bob>Hi\n";
const FILES: Readonly<Record<string, Answer>> = {
  "doc.txt": answer("text/plain", "Hello file.\nSecond line 你好.\n"),
  "doc.md": answer("text/markdown", "# Title\n\ntext\n"),
  "data.csv": answer("text/csv", 'name,age\nAnn,3\n"B, b",4\n'),
  "data.json": json('{"b":1,"a":[1,2]}'),
  "data.yaml": answer("application/yaml", "b: 1\na: [1, 2]\n"),
  "page.html": answer("text/html", "<html><body><p>Hi</p></body></html>"),
  "sub.vtt": answer("text/vtt", SUBTITLES),
  "a.properties": answer("text/plain", "a=1\n# c\nb : 2\n"),
  "gbk.txt": answer("text/plain", bytes(GBK, 5)),
  "utf16.txt": answer("text/plain", Buffer.from("\ufeffhello utf16 world", "utf16le")),
  "x.xml": answer("text/xml", "<a><b>1</b></a>"),
  "empty.txt": answer("text/plain", ""),
  "code.py": answer("text/x-python", "print(1)\n"),
  "bad.json": json("{bad"),
  "bom.csv": answer("text/csv", "\ufeffa,b\n1,2\n"),
  "pic.png": answer("image/png", bytes("89504e470d0a1a0a")),
  "x.unknown": answer("application/x-unknown", "??"),
  "latin.csv": answer("text/csv", Buffer.from("n,v\nGrüße,1\nfaçade,2\n", "latin1")),
};

const MULTI: Answer = {
  ...json("{}"),
  headers: [
    ["Content-Type", "application/json"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["X-Multi", "1"],
    ["X-Multi", "2"],
    ["X-Case", "Yes"],
  ],
};

const withHeader = (given: Answer, name: string, value: string): Answer => ({
  ...given,
  headers: [...given.headers, [name, value]],
});

const redirect = (left: string, code: string): Answer | undefined =>
  left === "0"
    ? undefined
    : withHeader(answer(null, "", Number(code)), "Location", `/redirect/${Number(left) - 1}/${code}`);

/** What the paths answer that do not echo, by their first part and given the others. */
const SPECIAL: Readonly<Record<string, (one: string, two: string) => Answer | undefined>> = {
  status: (code) => json(`{"status": ${code}}`, Number(code)),
  bytes: (kind) => BYTES[kind],
  text: (kind) => TEXTS[kind],
  files: (one, two) => FILES[two] ?? FILES[one],
  cd: (name) =>
    withHeader(answer("text/plain", "attached"), "Content-Disposition", `attachment; filename="${name}"`),
  cdinline: () => withHeader(answer("text/plain", "inline"), "Content-Disposition", "inline"),
  redirect: (left, code) => redirect(left, code === "" ? "302" : code),
  big: (length) => answer("text/plain", "x".repeat(Number(length))),
  bigbin: (length) => answer(OCTETS, Buffer.alloc(Number(length))),
  empty: () => answer(null, ""),
  nocontent: () => answer(null, "", 204),
  multi: () => MULTI,
};

/** `/flaky/KEY/N/CODE` fails N times with CODE. */
const flaky = (path: string, tries: Map<string, number>): Answer => {
  const [, , , times = "", code = "500"] = path.split("/");
  const count = tries.get(path) ?? 0;
  tries.set(path, count + 1);
  return json(`{"try":${count}}`, count < Number(times) ? Number(code) : 200);
};

const textOf = (body: Buffer): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return `hex:${body.toString("hex")}`;
  }
};

const echo = (request: IncomingMessage, body: Buffer): Answer => {
  const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
  const pairs = request.rawHeaders.flatMap((name, at, all) =>
    at % 2 === 0 ? [[name.toLowerCase(), all[at + 1] ?? ""] as const] : [],
  );
  const type = pairs.find(([name]) => name === "content-type")?.[1] ?? "";
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  const hide = (text: string): string =>
    boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY");
  const headers = pairs
    .filter(([name]) => !SKIPPED.has(name) && name !== MEANT_FOR)
    .map(([name, value]) => [name, name === "content-type" ? hide(value) : value] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return json(
    pythonJson({
      method: request.method ?? "",
      origin: pairs.find(([name]) => name === MEANT_FOR)?.[1] ?? "",
      path: path.replace(/^\/+/, "/"),
      query,
      headers: Object.fromEntries(headers),
      body: hide(textOf(body)),
    }),
  );
};

const head = ({ status, headers, body }: Answer): string => {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} X\r\n${lines}Content-Length: ${body.length}\r\n\r\n`;
};

/** The HTTP server of the recorded runs on loopback, with a guarded client that takes every host for it. */
export type ScriptedServer = {
  readonly client: HttpClient;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Starts the server. */
export const startScriptedServer = async (): Promise<ScriptedServer> => {
  const tries = new Map<string, number>();
  const server = createServer((request) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      // Never answered: Dify's client gives such a request up.
      if (path.startsWith("/slow/")) return;
      const [, kind = "", one = "", two = ""] = path.split("/");
      const special = kind === "flaky" ? flaky(path, tries) : SPECIAL[kind]?.(one, two);
      const answered = special ?? echo(request, Buffer.concat(chunks));
      request.socket.end(
        Buffer.concat([
          Buffer.from(head(answered), "latin1"),
          request.method === "HEAD" ? Buffer.of() : answered.body,
        ]),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const guarded = createGuardedHttpClient({ allow: ["127.0.0.1"] });
  const send: HttpClient["send"] = async (request) => {
    const [whole = "", scheme = "", place = "", rest = ""] =
      /^(https?:\/\/)([^/?#\\]*)(.*)$/s.exec(request.url) ?? [];
    if (whole === "" || place === "" || (place.startsWith("127.0.0.1") && place !== RECORDED_PLACE)) {
      return guarded.send(request);
    }
    const meant = place === RECORDED_PLACE ? [] : [[MEANT_FOR, `${scheme}${place}`] as const];
    return guarded.send({
      ...request,
      url: `http://127.0.0.1:${port}${rest}`,
      headers: [...request.headers, ...meant],
    });
  };
  return {
    client: { send },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
