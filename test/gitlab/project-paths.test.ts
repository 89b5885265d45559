import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { createProjectPaths } from "../../src/gitlab/project-paths.ts";
import { type Handler, answer, createFastClock, startTinyGitLab } from "./tiny-gitlab.ts";

const setUp = async (handler: Handler) => {
  const server = await startTinyGitLab(handler);
  const { clock } = createFastClock();
  const paths = createProjectPaths({ url: server.url, token: new Secret("server-token"), clock });
  return { server, clock, paths, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
};

const project = (path: string) => ({
  id: 7,
  path_with_namespace: path,
  web_url: "https://gitlab.example.com/x",
});

describe("a project's path", () => {
  test("is asked of GitLab once by the id, and again after a minute, so that a renaming is seen", async () => {
    await using gitlab = await setUp((_, response, number) =>
      answer(response, 200, project(number === 1 ? "group/old" : "group/new")),
    );
    const known = { kind: "known", path: "group/old" };
    assert.deepEqual(await Promise.all([gitlab.paths.of(7), gitlab.paths.of(7)]), [known, known]);
    assert.deepEqual(await gitlab.paths.of(7), known);
    assert.deepEqual(
      gitlab.server.seen.map(({ url, headers }) => [url, headers["private-token"]]),
      [["/api/v4/projects/7", "server-token"]],
    );
    await gitlab.clock.sleep(60_001);
    assert.deepEqual(await gitlab.paths.of(7), { kind: "known", path: "group/new" });
  });

  test("is unknown while GitLab cannot say it, which is not asked for with every delivery", async () => {
    for (const [status, code] of [
      [404, "gitlab-not-found"],
      [503, "gitlab-unavailable"],
    ] as const) {
      await using gitlab = await setUp((_, response, number) =>
        number === 1 ? answer(response, status, { message: "no" }) : answer(response, 200, project("a/b")),
      );
      for (let time = 0; time < 3; time += 1) {
        const path = await gitlab.paths.of(7);
        assert.equal(path.kind === "unknown" && path.error.code, code);
      }
      assert.equal(gitlab.server.seen.length, 1);
      await gitlab.clock.sleep(10_001);
      assert.deepEqual(await gitlab.paths.of(7), { kind: "known", path: "a/b" });
    }
  });

  test("is asked for of 16 projects at once at most", async () => {
    const waiting: (() => void)[] = [];
    await using gitlab = await setUp((_, response) => {
      waiting.push(() => answer(response, 200, project("a/b")));
    });
    const asked = Array.from({ length: 40 }, (_, index) => gitlab.paths.of(index + 1));
    while (waiting.length < 16) await new Promise((resolve) => setImmediate(resolve));
    for (const go of waiting) go();
    const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "known").length, 16);
  });
});
