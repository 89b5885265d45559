import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../../properties.ts";
import type { ChangedFile } from "../../../src/review/forge.ts";
import { type SelectionRules, selectHunks } from "../../../src/review/units/select-hunks.ts";
import { changedFile, diffOf, newFileText } from "./hunks.ts";

const RULES: SelectionRules = { include: [], exclude: [], unitTokens: 12_000 };
const TEXT = "@@ -1,1 +1,1 @@\n-a\n+b\n";

const outcome = (file: ChangedFile, rules: Partial<SelectionRules> = {}): string => {
  const { hunks, setAside } = selectHunks(diffOf(file), { ...RULES, ...rules });
  const [receipt] = setAside;
  if (receipt === undefined) return `${hunks.length} hunks`;
  assert.deepEqual(hunks, []);
  return receipt.outcome.kind === "skipped" ? receipt.outcome.reason.code : receipt.outcome.kind;
};

const byPath: Readonly<Record<string, readonly string[]>> = {
  "lock-file": [
    "package-lock.json",
    "web/package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "Cargo.lock",
    "go.sum",
    "go.work.sum",
    "composer.lock",
    "Gemfile.lock",
    "Podfile.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "mix.lock",
    "flake.lock",
    "pubspec.lock",
    "Package.resolved",
    "deno.lock",
    "pdm.lock",
    "Cartfile.resolved",
    "paket.lock",
    ".terraform.lock.hcl",
    "infra/.terraform.lock.hcl",
    "Chart.lock",
    "pixi.lock",
    "MODULE.bazel.lock",
    "rebar.lock",
  ],
  vendored: [
    "vendor/golang.org/x/net/a.go",
    "a/node_modules/b/c.js",
    "third_party/x.c",
    "third-party/x.c",
    "ThirdParty/x.cs",
    "ios/Pods/X/x.m",
    "bower_components/x.js",
    "externals/x.h",
    ".yarn/releases/yarn.cjs",
    ".pnp.cjs",
    "gradle/wrapper/gradle-wrapper.properties",
    "gradlew",
    "lib/site-packages/x.py",
  ],
  "generated-by-name": [
    "a/x.min.js",
    "x.min.css",
    "dist/index.js",
    "web/dist/a/b.html",
    "a.js.map",
    "test/__snapshots__/x.snap",
    "a.snap",
    "api/x.pb.go",
    "x_pb2.py",
    "x_pb2_grpc.pyi",
    "x_pb.d.ts",
    "model.g.dart",
    "model.freezed.dart",
    "Form.Designer.cs",
    "src/__generated__/types.ts",
    "types.generated.ts",
    "zz_generated.deepcopy.go",
    "app.bundle.js",
  ],
};

for (const [reason, paths] of Object.entries(byPath))
  describe(`sets aside as ${reason}`, () => {
    for (const path of paths) test(path, () => assert.equal(outcome(changedFile(path, TEXT)), reason));
  });

describe("reviews", () => {
  for (const path of [
    "src/a.ts",
    "package.json",
    "go.mod",
    "src/lock.ts",
    "locks/file.lock.ts",
    "src/distance.js",
    "redistribute/a.js",
    "src/vendors.ts",
    "src/generated.ts",
    "src/mapper.ts",
    "Dockerfile",
    ".gitlab-ci.yml",
    "build/x.js",
    "src/admin.js",
    "docs/third.md",
    "cmd/snapshot.go",
    "Cargo.toml",
    "src/sum.go",
    "gems.rb",
  ])
    test(path, () => assert.equal(outcome(changedFile(path, TEXT)), "1 hunks"));
});

describe("sets aside by what the forge says", () => {
  test("generated", () =>
    assert.equal(outcome(changedFile("a.ts", TEXT, { generated: true })), "generated-by-gitlab"));
  test("binary", () =>
    assert.equal(outcome(changedFile("a.png", "", { diff: { kind: "binary" } })), "binary"));
  test("deleted", () =>
    assert.equal(outcome(changedFile("a.ts", "@@ -1,1 +0,0 @@\n-a\n", { change: "deleted" })), "deleted"));
  test("unavailable, with the reason", () => {
    const file = changedFile("a.ts", "", { diff: { kind: "unavailable", problem: { cause: "large" } } });
    assert.deepEqual(selectHunks(diffOf(file), RULES).setAside, [
      {
        path: "a.ts",
        outcome: { kind: "skipped", reason: reasonOf("diff-unavailable", { cause: "large" }) },
      },
    ]);
  });
  test("a diff that is not understood", () =>
    assert.equal(outcome(changedFile("a.ts", "@@ -1,9 +1,9 @@\n-a\n")), "diff-unavailable"));
  test("renamed only", () =>
    assert.deepEqual(
      selectHunks(diffOf(changedFile("b", "", { oldPath: "a", change: "renamed" })), RULES).setAside,
      [
        {
          path: "b",
          outcome: { kind: "skipped", reason: reasonOf("no-text-change", { change: "renamed" }) },
        },
      ],
    ));
  test("moved from where the operator or the repository has nothing reviewed", () => {
    const files = ["", TEXT].map((text) =>
      changedFile("src/a.ts", text, { oldPath: "legacy/a.ts", change: "renamed" }),
    );
    const excluding = [
      { exclude: ["legacy/**"] },
      { exclude: ["legacy/**"], include: ["**"] },
      { repository: { include: [], exclude: ["legacy/**"] } },
    ];
    for (const rules of excluding)
      for (const file of files) {
        const { movedIn, setAside } = selectHunks(diffOf(file), { ...RULES, ...rules });
        assert.deepEqual([...movedIn], ["src/a.ts"]);
        const moved = { path: "src/a.ts", outcome: { kind: "skipped", reason: reasonOf("moved-in") } };
        assert.deepEqual(setAside, file === files[0] ? [moved] : []);
      }
    for (const file of files) assert.equal(selectHunks(diffOf(file), RULES).movedIn.size, 0);
  });
  test("mode only", () =>
    assert.deepEqual(selectHunks(diffOf(changedFile("a", "", { newMode: "100755" })), RULES).setAside, [
      {
        path: "a",
        outcome: {
          kind: "skipped",
          reason: reasonOf("no-text-change", { change: "mode", detail: "100644 → 100755" }),
        },
      },
    ]));
});

describe("a mark in the first lines", () => {
  for (const mark of [
    "// Code generated by protoc-gen-go. DO NOT EDIT.",
    "# @generated by tool",
    "/* @generated */",
    "// <auto-generated>",
    "# Generated by Django 5.0. Do not modify.",
    "-- DO NOT EDIT: generated by sqlc",
  ])
    test(mark, () => {
      const { setAside } = selectHunks(diffOf(changedFile("a", newFileText(["", mark, "x"]))), RULES);
      assert.deepEqual(setAside, [
        {
          path: "a",
          outcome: { kind: "skipped", reason: reasonOf("generated-by-mark", { line: 2 }) },
        },
      ]);
    });
  test("counts in a comment of the new text's first lines only", () => {
    const mark = "// Code generated by x. DO NOT EDIT.";
    assert.equal(outcome(changedFile("a", newFileText(['const mark = "@generated";']))), "1 hunks");
    assert.equal(outcome(changedFile("a", `@@ -1,1 +1,1 @@\n-${mark}\n+x\n`)), "1 hunks");
    assert.equal(outcome(changedFile("a", `@@ -50,1 +50,1 @@\n-x\n+${mark}\n`)), "1 hunks");
  });
});

describe("globs of the operator", () => {
  const lock = changedFile("web/yarn.lock", TEXT);
  const code = changedFile("src/db/schema.sql", TEXT);
  test("include brings back what a default rule set aside, and limits nothing", () => {
    assert.equal(outcome(lock, { include: ["yarn.lock"] }), "1 hunks");
    assert.equal(outcome(lock, { include: ["web/**"] }), "1 hunks");
    assert.equal(outcome(lock, { include: ["other/**"] }), "lock-file");
    assert.equal(outcome(code, { include: ["web/**"] }), "1 hunks");
    const generated = changedFile("a.go", newFileText(["// Code generated by x. DO NOT EDIT."]), {
      generated: true,
    });
    assert.equal(outcome(generated, { include: ["*.go"] }), "1 hunks");
    const gone = changedFile("a.go", "@@ -1,1 +0,0 @@\n-a\n", { change: "deleted" });
    assert.equal(outcome(gone, { include: ["*.go"] }), "1 hunks");
  });
  test("include cannot give text to what has none", () =>
    assert.equal(
      outcome(changedFile("a.png", "", { diff: { kind: "binary" } }), { include: ["**"] }),
      "binary",
    ));
  test("exclude is stronger, by name, folder and all but a folder", () => {
    for (const exclude of ["*.sql", "src/**", "**/db/**", "!lib/**"])
      assert.equal(outcome(code, { exclude: [exclude], include: ["**"] }), "path-rule");
    for (const exclude of ["db/**", "!src/**", "*.ts"])
      assert.equal(outcome(code, { exclude: [exclude] }), "1 hunks");
  });
});

const path = fc.constantFrom(
  "a.ts",
  "b/yarn.lock",
  "vendor/a.go",
  "dist/x.js",
  "src/.hidden",
  "ключ.py",
  "a b.txt",
  "",
);
const anyFile: fc.Arbitrary<ChangedFile> = fc
  .record({
    path,
    generated: fc.boolean(),
    change: fc.constantFrom("added", "deleted", "renamed", "modified"),
    newMode: fc.constantFrom("100644", "100755"),
    diff: fc.oneof(
      fc.constant({ kind: "binary" } as const),
      fc.constant({ kind: "unavailable", problem: { cause: "refused" } } as const),
      fc
        .constantFrom(
          "",
          TEXT,
          newFileText(["x", "y"]),
          "@@ broken",
          "noise",
          "@@ -1,1 +1,1 @@\n a\n",
          `${TEXT}@@@`,
        )
        .map((text) => ({ kind: "text", text, source: "diffs" }) as const),
    ),
  })
  .map(({ path, ...fields }) => changedFile(path, "", fields));

test("every file of a diff is reviewed or set aside, never both, never neither", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyFile, { maxLength: 8, selector: ({ newPath }) => newPath }),
      fc.subarray(["**", "*.ts", "!src/**", "vendor/**"]),
      fc.subarray(["*.py", "dist/**", "!a.ts"]),
      (files, include, exclude) => {
        const { hunks, setAside } = selectHunks(diffOf(...files), { ...RULES, include, exclude });
        const reviewed = new Set(hunks.map(({ file }) => file.newPath));
        const skipped = setAside.map((receipt) => receipt.path);
        assert.deepEqual([...reviewed, ...skipped].sort(), files.map(({ newPath }) => newPath).sort());
      },
    ),
  );
});

describe("globs that the repository adds", () => {
  const repository = {
    include: ["yarn.lock", "/web/dist/**"],
    exclude: ["docs/**", "!docs/api/**", "*.sql"],
  };

  test("set files aside and bring others back, on top of the operator's", () => {
    const select = (path: string): string =>
      outcome(changedFile(path, TEXT), {
        exclude: ["secret/**"],
        repository,
      });
    assert.equal(select("docs/a.md"), "path-rule");
    assert.equal(select("docs/api/a.md"), "1 hunks");
    assert.equal(select("db/a.sql"), "path-rule");
    assert.equal(select("web/yarn.lock"), "1 hunks");
    assert.equal(select("package-lock.json"), "lock-file");
    assert.equal(select("src/a.ts"), "1 hunks");
  });

  test("do not bring back what the operator excludes", () => {
    const file = changedFile("secret/yarn.lock", TEXT);
    assert.equal(outcome(file, { exclude: ["secret/**"], repository }), "path-rule");
  });

  test("cost no more than their length, however they are made", () => {
    const path = `${"a".repeat(2_000)}/${"a".repeat(2_000)}/${"a".repeat(2_000)}y`;
    const hostile = {
      include: ["*a*a*a*a*/*a*a*a*a*/*a*a*a*a*x"],
      exclude: ["*a*/*a*/*a*x", "**/**/**/**a/x"],
    };
    const file = changedFile(path, TEXT);
    assert.equal(outcome(file, { repository: hostile }), "1 hunks");
  });
});
