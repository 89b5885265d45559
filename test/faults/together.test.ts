import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { Fault } from "../../standins/dify/fault.ts";
import type { FaultKind, FaultMatch } from "../../standins/gitlab/faults.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { freePort } from "../free-port.ts";
import { noteApp } from "../e2e/review-apps.ts";
import { startServerProcess } from "../e2e/server-process.ts";
import { SECRET, teamEnvironment } from "../e2e/start.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";
import { fc } from "../properties.ts";
import { openRaw } from "./raw-sockets.ts";

const CONFIG = `
gitlab: { timeout: 2s }
worker: { attempts: 20, backoff: 50ms, max_backoff: 500ms, stop_grace: 1s }
flows:
  - { name: default, dify: { lookup_timeout: 200ms } }
`;

const READ: FaultMatch = { method: "GET", path: /\/merge_requests\/\d+/ };
const WRITE: FaultMatch = { method: "POST", path: /\/notes$/ };

const gitLabFault: fc.Arbitrary<readonly [FaultMatch, FaultKind]> = fc.tuple(
  fc.constantFrom(READ, WRITE),
  fc.constantFrom<FaultKind[]>(
    { kind: "status", status: 500, when: "before" },
    { kind: "status", status: 500, when: "after" },
    { kind: "status", status: 429, retryAfter: "1" },
    { kind: "html", status: 502 },
    { kind: "reset", when: "after" },
    { kind: "slow", delayMs: 300 },
    { kind: "truncate" },
  ),
);

const difyFault = fc.constantFrom<Fault[]>(
  { kind: "error-answer", at: "run", status: 500, code: "internal_server_error" },
  {
    kind: "error-answer",
    at: "run",
    status: 400,
    code: "invalid_param",
    message: "Too many requests. The current maximum concurrent requests allowed for an app is 4.",
  },
  { kind: "cut", afterEvents: 2, fate: "continues" },
  { kind: "slow", ms: 200 },
);

/** What nobody should send, on a connection that is then left open. */
const nonsense = fc.constantFrom(
  "",
  "GET",
  "POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
  "\0\0\r\n\r\n",
);

/** One act of a combination: what breaks. */
const act = fc.record({
  gitlab: fc.array(gitLabFault, { maxLength: 2 }),
  dify: fc.array(difyFault, { maxLength: 1 }),
  rude: fc.array(nonsense, { minLength: 5, maxLength: 15 }),
});

test("faults that strike together: nothing accepted is lost, nothing comes twice", async () => {
  // SIGTERM comes in the middle of the second.
  const acts = fc.sample(act, 3).map((one, index) => ({ ...one, isStopped: index === 1 }));
  await using gitlab = await startGitLabStandIn();
  await using dify = await startDifyStandIn({ apps: [noteApp()], workers: 4 });
  const team = await createTeam(gitlab);
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-together-"));
  const port = await freePort();
  const file = join(folder, "reviewflow.yml");
  await writeFile(file, CONFIG);
  await addHook(team, { url: `http://127.0.0.1:${port}/webhooks/gitlab`, token: SECRET });
  const environment = teamEnvironment(team, dify, join(folder, "store"), {
    REVIEWFLOW_CONFIG: file,
    REVIEWFLOW_PORT: String(port),
  });
  let server = await startServerProcess(environment);
  const opened: MergeRequest[] = [];
  const rude: Disposable[] = [];
  try {
    for (const { gitlab: ofGitLab, dify: ofDify, rude: rudeness, isStopped } of acts) {
      for (const [match, fault] of ofGitLab) gitlab.fail({ times: 1, ...match }, fault);
      for (const fault of ofDify) dify.fail(fault);
      for (const bytes of rudeness) {
        const one = openRaw(port);
        one.socket.write(bytes);
        rude.push(one);
      }
      for (let count = 0; count < 4; count += 1)
        opened.push(await team.openMergeRequest(`topic${opened.length}`));
      await gitlab.settleHooks();
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      assert.ok(server.isAlive(), server.output());
      if (!isStopped) continue;
      assert.equal(await server.stop(), 0, server.output());
      server = await startServerProcess(environment);
    }
    await eventually("every merge request to be reviewed", async () => {
      const notes = await Promise.all(opened.map(async (one) => (await team.botNotes(one)).length));
      return notes.every((count) => count > 0) || undefined;
    });
    assert.equal(await server.stop(), 0, server.output());
    for (const one of opened) assert.equal((await team.botNotes(one)).length, 1, one.title);
    assert.ok(!server.output().includes(team.token), "no log line holds the token");
  } finally {
    for (const one of rude) one[Symbol.dispose]();
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
});
