import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import { type TokenProofOptions, createTokenProof } from "../../src/gitlab/token-proof.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openProvenTokens } from "../../src/store/proven-tokens.ts";
import { openSqlite } from "../../src/store/sqlite/open-sqlite.ts";
import { type Handler, answer, createFastClock, startTinyGitLab } from "./tiny-gitlab.ts";

const project = (given: object = {}) => ({
  id: 7,
  path_with_namespace: "group/project",
  web_url: "https://gitlab.example.com/group/project",
  visibility: "private",
  permissions: { project_access: { access_level: 30 }, group_access: null },
  ...given,
});

const folder = mkdtempSync(join(tmpdir(), "reviewflow-proof-"));
let database: Database;

before(async () => {
  database = await openSqlite(folder);
  await migrate(database);
});
after(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const setUp = async (handler: Handler, options: Partial<TokenProofOptions> = {}) => {
  await database.db.deleteFrom("provenTokens").execute();
  const server = await startTinyGitLab((request, response, number) =>
    request.url === "/api/v4/user"
      ? answer(response, 200, { id: 5, username: "reviewer", bot: false })
      : handler(request, response, number),
  );
  const { clock } = createFastClock();
  const start = async () =>
    createTokenProof({
      url: server.url,
      clock,
      users: ["reviewer"],
      known: await openProvenTokens({ database, clock, logger: silentLogger }),
      ...options,
    });
  let proofs = await start();
  return {
    server: {
      /** What was asked about projects. */
      get seen() {
        return server.seen.filter(({ url }) => url !== "/api/v4/user");
      },
    },
    clock,
    prove: (token: string, projectId = 7, client = "192.0.2.1") =>
      proofs.prove(new Secret(token), projectId, client),
    isKnown: (token: string) => proofs.isKnown(new Secret(token)),
    isHeld: (client: string) => proofs.isHeld(client),
    /** What another process knows that is started now. */
    restart: async () => {
      proofs = await start();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

describe("the proof of a token", () => {
  test("is GitLab's answer to it, asked once and remembered for a while", async () => {
    await using gitlab = await setUp((_, response) => answer(response, 200, project()));
    const proofs = await Promise.all([gitlab.prove("token-one"), gitlab.prove("token-one")]);
    assert.deepEqual(proofs, [
      { kind: "proved", projectPath: "group/project" },
      { kind: "proved", projectPath: "group/project" },
    ]);
    await gitlab.prove("token-one");
    assert.equal(gitlab.server.seen.length, 1);
    assert.equal(gitlab.server.seen[0]?.url, "/api/v4/projects/7");
    assert.equal(gitlab.server.seen[0]?.headers["private-token"], "token-one");
    await gitlab.clock.sleep(60_001);
    await gitlab.prove("token-one");
    assert.equal(gitlab.server.seen.length, 2);
  });

  test("holds for one token and one project only", async () => {
    await using gitlab = await setUp((_, response) => answer(response, 200, project()));
    await gitlab.prove("token-one");
    await gitlab.prove("token-two");
    await gitlab.prove("token-one", 8);
    assert.equal(gitlab.server.seen.length, 3);
  });

  test("fails for a token that GitLab does not take, and is asked for again sooner", async () => {
    for (const status of [401, 403, 404]) {
      await using gitlab = await setUp((_, response) => answer(response, status, { message: "no glpat-x" }));
      const proof = await gitlab.prove("glpat-x-secret");
      assert.equal(proof.kind, "refused");
      assert.match(inspect(proof), /hook's secret token/);
      assert.doesNotMatch(inspect(proof), /x-secret/);
      await gitlab.prove("glpat-x-secret");
      assert.equal(gitlab.server.seen.length, 1);
      await gitlab.clock.sleep(10_001);
      await gitlab.prove("glpat-x-secret");
      assert.equal(gitlab.server.seen.length, 2);
    }
  });

  test("of a project that everybody sees needs a member", async () => {
    const access = (level: number) => ({ access_level: level });
    const cases = [
      [{ project_access: null, group_access: null }, "refused"],
      [{ project_access: access(10), group_access: null }, "refused"],
      [{ project_access: null, group_access: access(20) }, "proved"],
      [{ project_access: access(40), group_access: null }, "proved"],
      [undefined, "refused"],
    ] as const;
    for (const visibility of ["public", "internal", undefined])
      for (const [permissions, kind] of cases) {
        await using gitlab = await setUp((_, response) =>
          answer(response, 200, project({ visibility, permissions })),
        );
        assert.equal((await gitlab.prove("token-one")).kind, kind);
      }
  });

  test("is neither good nor bad when GitLab fails, and is not remembered", async () => {
    const faults: readonly Handler[] = [
      (_, response) => answer(response, 429, {}, { "retry-after": "1" }),
      (_, response) => answer(response, 502, ""),
      (_, response) => response.destroy(),
      () => undefined,
      (_, response) => answer(response, 200, "<html>", { "content-type": "text/html" }),
    ];
    for (const fault of faults) {
      await using gitlab = await setUp(fault, { timeoutMs: 1_000 });
      assert.equal((await gitlab.prove("token-one")).kind, "unavailable");
      assert.equal((await gitlab.prove("token-one")).kind, "unavailable");
      assert.equal(gitlab.server.seen.length, 2);
    }
  });

  test("is bounded: in what is remembered and in what is asked at once", async () => {
    await using gitlab = await setUp((_, response) => setImmediate(() => answer(response, 200, project())), {
      maxRemembered: 1,
      maxConcurrent: 2,
    });
    const proofs = await Promise.all(["token-a", "token-b", "token-c"].map((token) => gitlab.prove(token)));
    assert.deepEqual(
      proofs.map(({ kind }) => kind),
      ["proved", "proved", "unavailable"],
    );
    for (const token of ["token-a", "token-b"]) await gitlab.prove(token);
    const { length } = gitlab.server.seen;
    await gitlab.prove("token-b");
    assert.equal(gitlab.server.seen.length, length);
    await gitlab.prove("token-a");
    assert.equal(gitlab.server.seen.length, length + 1);
  });

  test("of a token that no header carries is refused without asking", async () => {
    await using gitlab = await setUp((_, response) => answer(response, 200, project()));
    assert.equal((await gitlab.prove("line\nbreak")).kind, "refused");
    assert.equal(gitlab.server.seen.length, 0);
  });

  test("keeps made-up tokens of one address from being asked about for ever, and from keeping others out", async () => {
    await using gitlab = await setUp((request, response) =>
      String(request.headers["private-token"]).startsWith("real")
        ? answer(response, 200, project())
        : answer(response, 401, {}),
    );
    assert.equal((await gitlab.prove("real-one")).kind, "proved");
    const kinds = [];
    for (let index = 0; index < 40; index += 1) kinds.push((await gitlab.prove(`made-up-${index}`)).kind);
    assert.deepEqual(
      kinds.slice(0, 30),
      Array.from({ length: 30 }, () => "refused"),
    );
    assert.deepEqual(
      kinds.slice(30),
      Array.from({ length: 10 }, () => "held"),
    );
    assert.equal(gitlab.server.seen.length, 31, "GitLab is not asked about what is held");
    assert.equal((await gitlab.prove("real-two")).kind, "held", "nobody knows it from the same address");
    assert.deepEqual([gitlab.isHeld("192.0.2.1"), gitlab.isHeld("192.0.2.2")], [true, false]);
    assert.equal((await gitlab.prove("real-two", 7, "192.0.2.2")).kind, "proved");
    assert.equal((await gitlab.prove("real-one", 8)).kind, "proved", "it was proved before");
    await gitlab.clock.sleep(60_001);
    assert.equal((await gitlab.prove("real-three")).kind, "proved");
  });

  test("leaves places for other addresses, and places of their own for tokens that were proved", async () => {
    const waiting: (() => void)[] = [];
    await using gitlab = await setUp((request, response) => {
      const go = () => answer(response, 200, project());
      if (String(request.headers["private-token"]).startsWith("slow")) waiting.push(go);
      else go();
    });
    await gitlab.prove("real-one");
    const slow = Array.from({ length: 40 }, (_, index) =>
      gitlab.prove(`slow-${index}`, 7, `192.0.2.${index % 8}`),
    );
    const one = [1, 2, 3, 4].map((index) => gitlab.prove(`slow-again-${index}`, 7, "198.51.100.1"));
    assert.deepEqual(
      (await Promise.all(one)).map(({ kind }) => kind),
      ["unavailable", "unavailable", "unavailable", "unavailable"],
      "all places for the unknown are taken",
    );
    assert.equal((await gitlab.prove("real-one", 8)).kind, "proved");
    while (waiting.length < 16) await new Promise((resolve) => setImmediate(resolve));
    for (const go of waiting) go();
    const kinds = (await Promise.all(slow)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "proved").length, 16);
  });

  test("asks again about a token of this project, however many proved tokens ask about others", async () => {
    const waiting: (() => void)[] = [];
    await using gitlab = await setUp((request, response) => {
      const go = () => answer(response, 200, project());
      if (request.url === "/api/v4/projects/7") go();
      else waiting.push(go);
    });
    await gitlab.prove("real-one");
    const theirs = ["a", "b", "c", "d", "e"];
    for (const token of theirs) await gitlab.prove(token);
    await gitlab.clock.sleep(60_001);
    const slow = theirs.flatMap((token) => [11, 12, 13, 14].map((id) => gitlab.prove(token, id)));
    assert.equal((await gitlab.prove("real-one")).kind, "proved");
    while (waiting.length < 16) await new Promise((resolve) => setImmediate(resolve));
    for (const go of waiting) go();
    assert.equal((await Promise.all(slow)).filter(({ kind }) => kind === "unavailable").length, 4);
  });

  test("gives one address a part of the places only", async () => {
    const waiting: (() => void)[] = [];
    await using gitlab = await setUp((request, response) => {
      const go = () => answer(response, 200, project());
      if (String(request.headers["private-token"]).startsWith("slow")) waiting.push(go);
      else go();
    });
    const slow = Array.from({ length: 40 }, (_, index) => gitlab.prove(`slow-${index}`));
    assert.equal((await gitlab.prove("real-one", 7, "192.0.2.2")).kind, "proved");
    while (waiting.length < 4) await new Promise((resolve) => setImmediate(resolve));
    for (const go of waiting) go();
    const kinds = (await Promise.all(slow)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "proved").length, 4);
  });

  test("forgets proved tokens for no made-up ones", async () => {
    await using gitlab = await setUp(
      (request, response) =>
        request.headers["private-token"] === "real-one"
          ? answer(response, 200, project())
          : answer(response, 401, {}),
      { maxRemembered: 2 },
    );
    await gitlab.prove("real-one");
    for (let index = 0; index < 10; index += 1) await gitlab.prove(`made-up-${index}`);
    const { length } = gitlab.server.seen;
    assert.equal((await gitlab.prove("real-one")).kind, "proved");
    assert.equal(gitlab.server.seen.length, length, "its proof is still known");
    assert.deepEqual([gitlab.isKnown("real-one"), gitlab.isKnown("made-up-9")], [true, false]);
  });
});

describe("behind a restart", () => {
  test("a token that was proved is asked about at once, whatever 250 addresses make up", async () => {
    const waiting: (() => void)[] = [];
    await using gitlab = await setUp((request, response) => {
      if (request.headers["private-token"] === "real-one") answer(response, 200, project());
      else waiting.push(() => answer(response, 401, {}));
    });
    await gitlab.prove("real-one");
    await gitlab.restart();
    const { length } = gitlab.server.seen;
    const flood = Array.from({ length: 250 }, (_, index) =>
      gitlab.prove(`made-up-${index}`, 7, `198.51.100.${index}`),
    );
    assert.equal((await gitlab.prove("real-one", 7, "192.0.2.1")).kind, "proved");
    assert.ok(
      gitlab.server.seen.slice(length).some(({ headers }) => headers["private-token"] === "real-one"),
      "GitLab was asked: to be known is no proof",
    );
    while (waiting.length < 16) await new Promise((resolve) => setImmediate(resolve));
    for (const go of waiting) go();
    const kinds = (await Promise.all(flood)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "unavailable").length, 234);
    await gitlab.restart();
    assert.deepEqual([gitlab.isKnown("real-one"), gitlab.isKnown("made-up-0")], [true, false]);
  });

  test("one that was revoked meanwhile is refused, and not known any more", async () => {
    let isRevoked = false;
    await using gitlab = await setUp((_, response) =>
      isRevoked ? answer(response, 401, {}) : answer(response, 200, project()),
    );
    for (const id of [7, 8]) await gitlab.prove("real-one", id);
    isRevoked = true;
    await gitlab.restart();
    assert.equal(gitlab.isKnown("real-one"), true);
    assert.equal((await gitlab.prove("real-one", 9)).kind, "refused");
    assert.equal(gitlab.isKnown("real-one"), false, "it counts nowhere");
    assert.equal((await gitlab.prove("real-one")).kind, "refused");
    await gitlab.restart();
    assert.equal(gitlab.isKnown("real-one"), false);
    assert.deepEqual(await database.db.selectFrom("provenTokens").selectAll().execute(), []);
  });

  test("one whose user left the project is refused there, and known where it still counts", async () => {
    let hasLeft = false;
    await using gitlab = await setUp((request, response) =>
      hasLeft && request.url.endsWith("/8") ? answer(response, 404, {}) : answer(response, 200, project()),
    );
    for (const id of [7, 8]) await gitlab.prove("real-one", id);
    hasLeft = true;
    await gitlab.restart();
    assert.equal((await gitlab.prove("real-one", 8)).kind, "refused");
    assert.equal((await gitlab.prove("real-one", 7)).kind, "proved");
    const rows = await database.db.selectFrom("provenTokens").select("projectId").execute();
    assert.deepEqual(rows, [{ projectId: 7 }]);
  });

  test("one of another project is refused, as one that nobody can be asked about is not taken", async () => {
    let status = 200;
    await using gitlab = await setUp((request, response) =>
      answer(response, request.url.endsWith("/8") ? 404 : status, project()),
    );
    await gitlab.prove("real-one");
    await gitlab.restart();
    assert.equal((await gitlab.prove("real-one", 8)).kind, "refused");
    status = 502;
    assert.equal((await gitlab.prove("real-one")).kind, "unavailable");
    assert.equal(gitlab.isKnown("real-one"), true, "GitLab refused nothing");
  });
});

/** What GitLab says of a token's user, and of the group that the test knows. */
const proveAs = async (user: object, users: TokenProofOptions["users"] = []) => {
  const server = await startTinyGitLab((request, response) => {
    if (request.url === "/api/v4/user") return answer(response, 200, user);
    if (request.url.startsWith("/api/v4/groups/3?"))
      return answer(response, 200, { id: 3, full_path: "group" });
    if (request.url.startsWith("/api/v4/groups/4?"))
      return answer(response, 200, { id: 4, full_path: "gro" });
    return request.url === "/api/v4/projects/7"
      ? answer(response, 200, project())
      : answer(response, 404, { message: "404 Not Found" });
  });
  await using _ = server;
  const known = await openProvenTokens({ database, clock: systemClock, logger: silentLogger });
  const proof = await createTokenProof({ url: server.url, users, known }).prove(
    new Secret("a-token-of-theirs"),
    7,
    "c",
  );
  return proof.kind === "refused" ? proof.code : proof.kind;
};

describe("whose token it is", () => {
  const bot = (username: string, more: object = {}) => ({ id: 5, username, bot: true, ...more });
  const cases: readonly [string, object, TokenProofOptions["users"], string][] = [
    ["the project's bot", bot("project_7_bot_0123abcd"), [], "proved"],
    ["a newer bot of the project", bot("project_7_bot_4567cdef", { id: 6 }), [], "proved"],
    ["the oldest form of its name", bot("project_7_bot"), [], "proved"],
    ["a second one in that form", bot("project_7_bot2"), [], "proved"],
    ["the bot of a group above", bot("group_3_bot_0123abcd"), [], "proved"],
    ["the bot of another project", bot("project_8_bot_0123abcd"), [], "token-not-of-project"],
    ["one whose number begins like it", bot("project_77_bot_0123abcd"), [], "token-not-of-project"],
    ["the bot of another group", bot("group_4_bot_0123abcd"), [], "token-not-of-project"],
    ["the bot of a group that cannot be seen", bot("group_9_bot_0123abcd"), [], "token-not-of-project"],
    ["a member", { id: 5, username: "ada", bot: false }, [], "token-not-of-project"],
    [
      "a member named like the bot",
      { id: 5, username: "project_7_bot_x", bot: false },
      [],
      "token-not-of-project",
    ],
    [
      "one of whom nobody says that it is a bot",
      { id: 5, username: "project_7_bot_x" },
      [],
      "token-not-of-project",
    ],
    ["another kind of bot", bot("my_project_7_bot_0123"), [], "token-not-of-project"],
    ["a user whom the setting names", { id: 5, username: "Ada", bot: false }, ["ada"], "proved"],
    ["a user whom the setting numbers", { id: 5, username: "ada", bot: false }, [5], "proved"],
    [
      "a user named as the setting numbers another",
      { id: 6, username: "5", bot: false },
      [5],
      "token-not-of-project",
    ],
  ];
  for (const [who, user, users, expected] of cases)
    test(who, async () => assert.equal(await proveAs(user, users), expected));
});
