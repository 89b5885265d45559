import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { HttpRequest, HttpResponse, NodeResult } from "../../src/flow/ports.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

const seen: HttpRequest[] = [];
let answer: (request: HttpRequest) => Promise<NodeResult<HttpResponse>>;

const respond = (
  status: number,
  body: string,
  headers: HttpResponse["headers"] = [],
): NodeResult<HttpResponse> => ({
  ok: true,
  value: { status, url: "https://gitlab.example/final", headers, body: Buffer.from(body) },
});

const runner = createCodeRunner({
  http: {
    send: async (request) => {
      seen.push(request);
      return await answer(request);
    },
  },
  timeLimitMs: 12_000,
});
before(async () => await runner.warmUp(new Set(["python3"])));
beforeEach(() => {
  seen.length = 0;
  answer = async () => respond(200, '[{"iid": 1}]', [["Content-Type", "application/json"]]);
});
after(async () => await runner[Symbol.asyncDispose]());

const { attempt } = createAttempts(runner, "python3");
const headerOf = (request: HttpRequest | undefined, wanted: string): string | undefined =>
  request?.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

describe("requests in Python code", () => {
  it("asks for a list as the tutorial's code does", async () => {
    const code = `import requests
def main(host, project, token):
    response = requests.get(f"{host}/api/v4/projects/{project}/merge_requests",
        headers={"PRIVATE-TOKEN": token}, params={"state": "opened", "labels": ["a b", "c"], "none": None}, timeout=(2, 5))
    response.raise_for_status()
    return {"list": response.json(), "ok": response.ok, "status": response.status_code, "url": response.url,
            "type": response.headers["content-type"], "text": response.text, "if": bool(response)}`;
    assert.deepEqual(await attempt(code, { host: "https://gitlab.example", project: 7, token: "t" }), {
      list: [{ iid: 1 }],
      ok: true,
      status: 200,
      url: "https://gitlab.example/final",
      type: "application/json",
      text: '[{"iid": 1}]',
      if: true,
    });
    const [request] = seen;
    assert.equal(request?.method, "GET");
    assert.equal(
      request?.url,
      "https://gitlab.example/api/v4/projects/7/merge_requests?state=opened&labels=a+b&labels=c",
    );
    assert.equal(headerOf(request, "private-token"), "t");
    assert.deepEqual([request?.connectTimeoutMs, request?.readTimeoutMs, request?.body], [2000, 5000, null]);
  });

  it("sends JSON, forms, bytes, credentials and every method", async () => {
    const code = `import requests
from requests.auth import HTTPBasicAuth
def main():
    url = "http://a.example/x"
    requests.post(url, json={"a": "é"})
    requests.post(url, data={"a": "1 2", "b": [1, 2]}, auth=("u", "p"))
    requests.put(url, data=b"raw", auth=HTTPBasicAuth("u", "p"))
    requests.patch(url, data="text", verify=False)
    requests.delete(url); requests.head(url); requests.options(url); requests.request("get", url)
    with requests.Session() as session:
        session.headers.update({"X-One": "1"})
        session.params = {"p": "q"}
        session.get(url, headers={"x-one": "2"}, cookies={"c": "v"})
    return len("done")`;
    assert.equal(await attempt(code), 4);
    assert.deepEqual(
      seen.map(({ method }) => method),
      ["POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "GET", "GET"],
    );
    const bodies = seen.slice(0, 4).map(({ body }) => Buffer.from(body ?? []).toString());
    assert.deepEqual(bodies, ['{"a": "\\u00e9"}', "a=1+2&b=1&b=2", "raw", "text"]);
    assert.equal(headerOf(seen[0], "content-type"), "application/json");
    assert.equal(headerOf(seen[1], "content-type"), "application/x-www-form-urlencoded");
    assert.equal(headerOf(seen[1], "authorization"), "Basic dTpw");
    assert.equal(headerOf(seen[2], "authorization"), "Basic dTpw");
    assert.deepEqual([seen[2]?.verifyTls, seen[3]?.verifyTls], [true, false]);
    assert.equal(headerOf(seen[8], "x-one"), "2");
    assert.equal(headerOf(seen[8], "cookie"), "c=v");
    assert.match(seen[8]?.url ?? "", /\?p=q$/);
  });

  it("raises what requests raises", async () => {
    answer = async ({ url }) => {
      if (url.endsWith("/missing")) return respond(404, "{}");
      if (url.endsWith("/slow"))
        return {
          ok: false,
          errorType: "HTTPRequestError",
          message: "read timeout of 5 s",
          retryable: true,
          timedOut: true,
        };
      if (url.endsWith("/refused"))
        return {
          ok: false,
          errorType: "AddressRefused",
          message: "10.0.0.1 is not allowed",
          retryable: false,
        };
      throw new Error("broken");
    };
    const code = `import requests
from requests.exceptions import RequestException
def main(urls):
    results = []
    for url in urls:
        try:
            requests.get(url).raise_for_status()
            results.append("fine")
        except RequestException as error:
            results.append(f"{type(error).__name__}: {error}")
    return results`;
    const paths = ["missing", "slow", "refused", "broken"].map((path) => `http://a.example/${path}`);
    assert.deepEqual(await attempt(code, { urls: [...paths, "a.example", "file:///etc/passwd"] }), [
      "HTTPError: 404 Client Error: Not Found for url: https://gitlab.example/final",
      "Timeout: read timeout of 5 s",
      "ConnectionError: 10.0.0.1 is not allowed",
      "ConnectionError: broken",
      "MissingSchema: Invalid URL 'a.example': No scheme supplied. Perhaps you meant https://a.example?",
      "InvalidURL: No connection adapters were found for 'file:///etc/passwd'",
    ]);
    assert.equal(seen.length, 4);
  });

  it("counts towards the time of the code and is stopped with it", async () => {
    const stopped = Promise.withResolvers<boolean>();
    answer = async ({ signal }) =>
      await new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          stopped.resolve(true);
          resolve(respond(200, ""));
        });
      });
    const code = "import requests\ndef main(): return requests.get('http://a.example/').text";
    assert.equal(await attempt(code), "!sandbox.timeout ms=12000");
    assert.equal(await stopped.promise, true);
  });
});
