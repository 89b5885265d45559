import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createPlanted, review } from "../cli/review-repository.ts";

test("bug 12: the query of an address goes along with each call, as Azure wants it", async () => {
  await using model = await startModelStandIn();
  const seen: string[] = [];
  const gateway = createServer((incoming, outgoing) => {
    const { method, headers, url = "" } = incoming;
    seen.push(url);
    const path = `/v1${new URL(url, "http://gateway").pathname.replace("/openai/deployments/gpt", "")}`;
    const { port } = new URL(model.url);
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(sent);
  });
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  try {
    const { port } = z.object({ port: z.number() }).parse(gateway.address());
    await using repository = await createPlanted();
    const url = `http://127.0.0.1:${port}/openai/deployments/gpt?api-version=2024-10-21`;
    const { code, err } = await review(repository, url, "main..work");
    assert.equal(code, 0, err);
    assert.ok(
      seen.includes("/openai/deployments/gpt/chat/completions?api-version=2024-10-21"),
      seen.join(" "),
    );
    assert.ok(seen.every((one) => one.endsWith("?api-version=2024-10-21")));
  } finally {
    gateway.closeAllConnections();
    gateway.close();
  }
});
