import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/base/secret.ts";
import { type TokenProofOptions, createTokenProof } from "../../src/gitlab/token-proof.ts";
import { type Handler, answer, createFastClock, startTinyGitLab } from "./tiny-gitlab.ts";

const project = (given: object = {}) => ({
  id: 7,
  path_with_namespace: "group/project",
  web_url: "https://gitlab.example.com/group/project",
  visibility: "private",
  permissions: { project_access: { access_level: 30 }, group_access: null },
  ...given,
});

const setUp = async (handler: Handler, options: Partial<TokenProofOptions> = {}) => {
  const server = await startTinyGitLab(handler);
  const { clock } = createFastClock();
  const prove = createTokenProof({ url: server.url, clock, ...options });
  return {
    server,
    clock,
    prove: (token: string, projectId = 7) => prove(new Secret(token), projectId),
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
    await gitlab.prove("token-b");
    assert.equal(gitlab.server.seen.length, 2);
    await gitlab.prove("token-a");
    assert.equal(gitlab.server.seen.length, 3);
  });

  test("of a token that no header carries is refused without asking", async () => {
    await using gitlab = await setUp((_, response) => answer(response, 200, project()));
    assert.equal((await gitlab.prove("line\nbreak")).kind, "refused");
    assert.equal(gitlab.server.seen.length, 0);
  });
});
