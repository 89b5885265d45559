import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { z } from "zod";
import { describeError } from "../../src/base/errors.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { showOutages } from "../../src/cli/outages.ts";
import { writeBackup } from "../../src/cli/upkeep/backup.ts";
import { openServerClient, ServerError } from "../../src/cli/server-client.ts";
import { terminalTexts } from "../../src/cli/terminal.ts";
import { ENOUGH } from "../config/config-setup.ts";
import { serve } from "../egress/loopback.ts";

const KNOWN = {
  "admin-token-not-set": "cli.server.this-machine-only",
  "backup-not-embedded": "cli.backup.postgres",
  "outage-unknown": "cli.server.outage-unknown",
  "route-unknown": "cli.server.route-unknown",
  "shadow-unchanged": "shadow.done.shadow-unchanged",
  "store-disk-full": "cli.server.store-unavailable",
  "store-query-failed": "cli.server.store-unavailable",
  internal: "cli.server.internal",
} as const;

test("what a server refuses is named by its code, what it says besides only where the code is not known", async () => {
  const config = readConfig({ ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN: "an-admin-token-of-enough-length" }, null);
  for (const [code, problem] of [...Object.entries(KNOWN), ["of-a-later-version", null] as const]) {
    const port = await serve((_, response) =>
      response.writeHead(409).end(JSON.stringify({ error: { code, message: "What the API says." } })),
    );
    const client = openServerClient(config, { server: `http://127.0.0.1:${port}` });
    const error = await client.get("/outages", z.unknown()).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ServerError, describeError(error));
    assert.deepEqual([error.code, error.what.code], [code, "cli.server.refused"]);
    const { problem: given } = error.what.params;
    assert.deepEqual(given, problem === null ? "What the API says." : { code: problem, params: {} });
  }
});

test("what is over before it could be let go on is passed over, and the next one let go on", async () => {
  const asked: string[] = [];
  const outages = ["first", "second"].map((name) => ({
    peer: { kind: "model", name },
    state: "parked",
    sinceMs: 0,
    reason: { code: "model-refused", params: { status: 401 } },
    waiting: 1,
  }));
  const port = await serve((request, response) => {
    if (request.method === "GET") return response.end(JSON.stringify({ outages, notices: [] }));
    const [next] = outages.slice(asked.length);
    const peer = next?.peer ?? assert.fail("asked for more than there is");
    asked.push(peer.name);
    return asked.length === 1
      ? response.writeHead(404).end(JSON.stringify({ error: { code: "outage-unknown", message: "Unknown" } }))
      : response.end(JSON.stringify({ resumed: peer }));
  });
  const environment = { ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN: "an-admin-token-of-enough-length" };
  const said: string[] = [];
  const code = await showOutages({
    server: `http://127.0.0.1:${port}`,
    resume: true,
    environment,
    write: (text) => void said.push(text),
    complain: (text) => void said.push(text),
  });
  const t = terminalTexts(environment);
  const lines = [
    t("outages.over", { peer: `${t("peer.model")} first` }),
    t("outages.resumed", { peer: `${t("peer.model")} second` }),
  ];
  assert.deepEqual([code, asked], [0, ["first", "second"]]);
  assert.deepEqual(
    said.filter((_, index) => index % 2 === 1),
    lines.map((line) => `${line}\n`),
  );
});

/** A text without an end. */
const endless = (): Readable =>
  Readable.from(
    (function* () {
      for (;;) yield " ".repeat(1_000_000);
    })(),
  );

test("an answer without an end is none of ours, and is left", async () => {
  const config = readConfig({ ...ENOUGH, REVIEWFLOW_ADMIN_TOKEN: "an-admin-token-of-enough-length" }, null);
  for (const status of [200, 409]) {
    const left = Promise.withResolvers<void>();
    const port = await serve((_, response) => {
      response.once("close", left.resolve);
      endless().pipe(response.writeHead(status, { "content-type": "application/json" }));
    });
    const server = `http://127.0.0.1:${port}`;
    const ways = [
      ["server-not-ours", () => openServerClient(config, { server }).get("/outages", z.unknown())],
      ...(status === 200 ? [] : [["backup-refused", () => writeBackup(config, "none", server)] as const]),
    ] as const;
    for (const [code, ask] of ways) {
      const error = await ask().catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ServerError, describeError(error));
      assert.deepEqual([error.code, error.status], [code, status]);
    }
    await left.promise;
  }
});
