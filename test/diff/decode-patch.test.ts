import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodePatch } from "../../src/diff/decode-patch.ts";
import { parsePatch } from "../../src/diff/parse-patch.ts";

const part = (name: string, line: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `diff --git a/${name} b/${name}\nindex 1111111..2222222 100644\n--- a/${name}\n+++ b/${name}\n@@ -0,0 +1 @@\n+`,
    ),
    line,
    Buffer.from("\n"),
  ]);

describe("a patch of files in several charsets", () => {
  it("has the text of each", () => {
    const patch = Buffer.concat([
      part("utf8.txt", Buffer.from("# 配置文件 名称")),
      part("gbk.txt", Buffer.from("2320c5e4d6c3cec4bcfe20c3fbb3c6", "hex")),
      part("sjis.txt", Buffer.from("82b182f182c982bf82cd90a28a45", "hex")),
    ]);
    assert.deepEqual(
      parsePatch(decodePatch(patch)).map(({ newPath, hunks }) => [newPath, hunks.split("\n")[1]]),
      [
        ["utf8.txt", "+# 配置文件 名称"],
        ["gbk.txt", "+# 配置文件 名称"],
        ["sjis.txt", "+こんにちは世界"],
      ],
    );
  });
});
