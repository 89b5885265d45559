import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePatch } from "../../src/diff/parse-patch.ts";
import { unquotePath } from "../../src/diff/unquote-path.ts";

const PATCH = `diff --git a/src/a b.ts b/src/a b.ts
index 1111111..2222222 100644
--- a/src/a b.ts\t
+++ b/src/a b.ts\t
@@ -1,3 +1,3 @@ heading
 one
--- two
+++ two
 diff --git a/x b/x
\\ No newline at end of file
diff --git a/old.ts b/new.ts
similarity index 100%
rename from old.ts
rename to new.ts
diff --git "a/\\303\\244.txt" "b/\\303\\244.txt"
new file mode 100644
index 0000000..e69de29
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
index 1111111..0000000
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/pic.png b/pic.png
index 1111111..2222222 100644
Binary files a/pic.png and b/pic.png differ
diff --git a/cr.txt b/cr.txt
index 1111111..2222222 100644
--- a/cr.txt
+++ b/cr.txt
@@ -1 +1 @@
-a\r
+b\r
`;

describe("a git patch", () => {
  test("is read file by file", () => {
    assert.deepEqual(parsePatch(PATCH), [
      {
        oldPath: "src/a b.ts",
        newPath: "src/a b.ts",
        oldMode: "100644",
        newMode: "100644",
        binary: false,
        hunks:
          "@@ -1,3 +1,3 @@ heading\n one\n--- two\n+++ two\n diff --git a/x b/x\n\\ No newline at end of file\n",
      },
      { oldPath: "old.ts", newPath: "new.ts", oldMode: "", newMode: "", binary: false, hunks: "" },
      { oldPath: null, newPath: "ä.txt", oldMode: "0", newMode: "100644", binary: false, hunks: "" },
      {
        oldPath: "gone.txt",
        newPath: null,
        oldMode: "100644",
        newMode: "0",
        binary: false,
        hunks: "@@ -1 +0,0 @@\n-bye\n",
      },
      {
        oldPath: "run.sh",
        newPath: "run.sh",
        oldMode: "100644",
        newMode: "100755",
        binary: false,
        hunks: "",
      },
      {
        oldPath: "pic.png",
        newPath: "pic.png",
        oldMode: "100644",
        newMode: "100644",
        binary: true,
        hunks: "",
      },
      {
        oldPath: "cr.txt",
        newPath: "cr.txt",
        oldMode: "100644",
        newMode: "100644",
        binary: false,
        hunks: "@@ -1 +1 @@\n-a\r\n+b\r\n",
      },
    ]);
  });

  test("that was cut short loses the file that it was cut in, and no other", () => {
    const cut = PATCH.slice(0, PATCH.lastIndexOf("+b"));
    assert.deepEqual(
      parsePatch(cut).map(({ newPath }) => newPath),
      ["src/a b.ts", "new.ts", "ä.txt", null, "run.sh", "pic.png"],
    );
  });

  test("that was cut in a line, or before a file's hunks, loses that file", () => {
    const file =
      "diff --git a/x b/x\nindex 1111111..2222222 100644\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+bcd\n";
    const pathsOf = (patch: string) => parsePatch(patch).map(({ newPath }) => newPath);
    assert.deepEqual(pathsOf(PATCH + file).at(-1), "x");
    const whole = pathsOf(PATCH);
    for (let length = "diff --git ".length; length < file.length; length += 1)
      assert.deepEqual(pathsOf(PATCH + file.slice(0, length)), whole, JSON.stringify(file.slice(0, length)));
    const created = "diff --git a/y b/y\nnew file mode 100644\nindex 0000000..3333333\n";
    const moved = "diff --git a/y b/z\nsimilarity index 90%\nrename from y\nrename to z\n";
    assert.deepEqual(pathsOf(created + PATCH), whole);
    assert.deepEqual(pathsOf(created.slice(0, created.indexOf("index")) + PATCH), whole);
    assert.deepEqual(pathsOf(moved + PATCH), whole);
  });

  test("keeps no combined diff of a merge commit", () => {
    const combined =
      "diff --cc a.txt\nindex 1,2..3\n--- a/a.txt\n+++ b/a.txt\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n";
    assert.deepEqual(parsePatch(combined), []);
    assert.deepEqual(parsePatch(PATCH + combined + PATCH), [...parsePatch(PATCH), ...parsePatch(PATCH)]);
    assert.deepEqual(parsePatch(combined.replace("--cc a.txt", "--git a/a.txt b/a.txt")), []);
  });

  test("of nothing, or that is none, has no files", () => {
    assert.deepEqual(parsePatch(""), []);
    assert.deepEqual(parsePatch("<html>\n"), []);
  });
});

describe("a path in quotes", () => {
  test("is read with its escapes", () => {
    assert.equal(unquotePath("plain path"), "plain path");
    assert.equal(unquotePath('"tab\\tquote\\"back\\\\"'), 'tab\tquote"back\\');
    assert.equal(unquotePath('"line\u2028\\tend"'), "line\u2028\tend");
    assert.equal(unquotePath('"\\360\\237\\231\\202 and ü"'), "🙂 and ü");
  });
});
