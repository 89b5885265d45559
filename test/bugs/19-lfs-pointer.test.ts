import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { ReviewResult } from "../../src/review/review-result.ts";
import { isLfsPointer } from "../../src/diff/is-lfs-pointer.ts";
import { unifiedHunks } from "../../src/diff/unified-hunks.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createRepository, review } from "../cli/review-repository.ts";
import { startGitLabWorld } from "./gitlab-world.ts";

const pointer = (digit: string, size: number): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize ${size}\n`;

/** The pointer as it was, and as it is. */
const FILES = {
  "img/changed.psd": [pointer("a", 1_048_576), pointer("b", 1_048_577)],
  "img/new.psd": [null, pointer("c", 12)],
} as const;

suite("a pointer of Git LFS", () => {
  test("is set aside like other binaries in a merge request, and no model is asked about it", async () => {
    const before = { "img/changed.psd": FILES["img/changed.psd"][0] };
    await using world = await startGitLabWorld(before);
    const mergeRequest = await world.open(
      Object.entries(FILES).map(([path, [, content]]) => ({ action: "write", path, content })),
    );
    const [run] = await world.runs(mergeRequest);
    assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
    const { files } = ReviewResult.parse(run.result);
    assert.deepEqual(
      files.map(({ path, outcome }) => [
        path,
        outcome.kind === "skipped" ? outcome.reason.code : outcome.kind,
      ]),
      [
        ["img/changed.psd", "binary"],
        ["img/new.psd", "binary"],
      ],
    );
    assert.ok(world.model.calls().every(({ body }) => !JSON.stringify(body).includes("git-lfs")));
    assert.equal((await world.said(mergeRequest)).threads.length, 0);
  });

  test("is set aside by reviewflow review", async () => {
    await using model = await startModelStandIn();
    await using repository = await createRepository();
    await repository.write("img/a.psd", pointer("a", 1));
    repository.commit("Begin");
    repository.git("switch", "-q", "-c", "work");
    await repository.write("img/a.psd", pointer("b", 2));
    await repository.write("img/b.psd", pointer("c", 3));
    repository.commit("Draw");
    const { code, out } = await review(repository, model.url, undefined, { format: "json" });
    assert.equal(code, 0, out);
    assert.ok(model.calls().every(({ body }) => !JSON.stringify(body).includes("git-lfs")));
    assert.match(out, /"img\/a\.psd"[^]*?"binary"[^]*?"img\/b\.psd"[^]*?"binary"/);
  });

  test("is told from text that looks like one, whatever of it changes", () => {
    const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
    const text = fc
      .tuple(digest, fc.nat(), fc.constantFrom("\n", "\r\n"))
      .map(
        ([oid, size, end]) =>
          `version https://git-lfs.github.com/spec/v1${end}oid sha256:${oid}${end}size ${size}${end}`,
      );
    fc.assert(
      fc.property(text, text, fc.string({ minLength: 1 }), fc.boolean(), (old, next, more, first) => {
        fc.pre(old !== next);
        assert.ok(isLfsPointer(unifiedHunks(old, next)));
        assert.ok(isLfsPointer(unifiedHunks("", next)));
        assert.ok(isLfsPointer(unifiedHunks(next, "")));
        assert.ok(isLfsPointer(unifiedHunks(`${more}\n`, next)), "text that went into LFS");
        const code = first ? `${more}x()\n${next}` : `${next}${more}x()\n`;
        assert.ok(!isLfsPointer(unifiedHunks(old, code)), "code after or before a pointer is code");
        assert.ok(!isLfsPointer(unifiedHunks(next, `${more}x()\n`)), "text that came out of LFS");
      }),
    );
  });
});
