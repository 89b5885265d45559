import { saying } from "../messages/saying.ts";
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { makeFolder } from "../../src/base/make-folder.ts";
import { ENOUGH } from "../config/config-setup.ts";
import { runCommand } from "./run-command.ts";

/** A user that owns nothing here; only root may become one. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

describe("bug 21: the data folder is not writable", () => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-bug-21-"));
  before(() => chmodSync(folder, 0o755));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const serve = (dataFolder: string, user?: number) =>
    runCommand(
      ["serve"],
      { ...ENOUGH, REVIEWFLOW_PORT: "0", REVIEWFLOW_DATA_DIR: dataFolder, NODE_COMPILE_CACHE: undefined },
      user === undefined ? {} : { user },
    );
  /** One sentence, without a stack, that names the setting. */
  const assertSentence = ({ code, stderr }: Awaited<ReturnType<typeof serve>>): void => {
    assert.equal(code, 1);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.match(stderr, /REVIEWFLOW_DATA_DIR \(store\.folder\)/);
  };

  it("names the folder, its owner and our user", { skip: !isRoot }, async () => {
    const theirs = join(folder, "theirs");
    mkdirSync(theirs, { mode: 0o755 });
    for (const place of [theirs, join(theirs, "new", "folder")]) {
      const ended = await serve(place, NOBODY);
      assertSentence(ended);
      assert.match(ended.stderr, saying("store.start-failed.owner"));
      assert.ok(ended.stderr.includes(`chown -R ${NOBODY} ${theirs}`), ended.stderr);
    }
  });

  it("names it where it is a file, or nothing can be made there, without a loop", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    for (const place of [file, join(file, "below"), "/proc/nope", "/proc"]) {
      const ended = await serve(place);
      assertSentence(ended);
      assert.ok(ended.stderr.includes(place), ended.stderr);
    }
  });

  it("makes folders that are missing, also several at once", async () => {
    const deep = join(folder, "a", "b", "c");
    const places = Array.from({ length: 20 }, (_, index) => join(deep, String(index % 10)));
    await Promise.all(places.map(makeFolder));
    await makeFolder(deep);
    writeFileSync(join(deep, "file"), "");
    await assert.rejects(makeFolder(join(deep, "file")), { code: "EEXIST" });
    await assert.rejects(makeFolder("/proc/nope/below"), { code: "ENOENT" });
  });
});
