import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { describeError } from "../../src/base/errors.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { openServerClient, ServerError } from "../../src/cli/server-client.ts";
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
