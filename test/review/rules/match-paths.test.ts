import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import picomatch from "picomatch";
import { reasonOf } from "../../../src/base/reason.ts";
import { checkGlob, matchesPaths, takePatterns } from "../../../src/review/rules/match-paths.ts";

const matches = (globs: string | readonly string[], path: string, bare: "name" | "path" = "name") =>
  matchesPaths(typeof globs === "string" ? [globs] : globs, bare)(path);

suite("matchesPaths", () => {
  test("reads globs as people write them", () => {
    const yes = [
      ["*.ts", "src/a.ts"],
      ["src/**", "src/a/b.ts"],
      ["**/*.rb", "a.rb"],
      ["src/**/test/*.ts", "src/test/a.ts"],
      ["docs/", "docs/a/b.md"],
      ["/src/*.ts", "src/a.ts"],
      ["**/*.{ts,tsx}", "a/b.tsx"],
      ["{a,b}/{c,d}/*", "b/c/x"],
      ["src/[a-c]?.ts", "src/b1.ts"],
      ["src/[!a].ts", "src/b.ts"],
      ["**", ".hidden/x"],
      ["a\\*b", "a*b"],
    ] as const;
    const no = [
      ["src/*", "src/a/b.ts"],
      ["*.ts", "a.tsx"],
      ["docs/", "doc/a.md"],
      ["src/[!a].ts", "src/a.ts"],
      ["a\\*b", "axb"],
      ["?.ts", "ab.ts"],
      ["docs/**", "docs"],
    ] as const;
    for (const [glob, path] of yes) assert.equal(matches(glob, path), true, `${glob} ${path}`);
    for (const [glob, path] of no) assert.equal(matches(glob, path), false, `${glob} ${path}`);
    assert.equal(matches("*.rb", "lib/a.rb", "path"), false);
    assert.equal(matches("*.rb", "a.rb", "path"), true);
  });

  test("a glob with an exclamation mark keeps out, whatever takes in", () => {
    assert.equal(matches(["**/*.rb", "!spec/**"], "spec/a.rb"), false);
    assert.equal(matches(["!spec/**", "**/*.rb"], "lib/a.rb"), true);
    assert.equal(matches(["!spec/**"], "lib/a.rb"), true);
    assert.equal(matches([], "lib/a.rb"), true);
  });

  // At the end of a glob, picomatch takes `**` for nothing at all behind some patterns and not behind others.
  test("property: it agrees with picomatch on plain globs", () => {
    const name = fc.stringMatching(/^[ab.]{1,4}$/).filter((text) => !/^\.+$/.test(text));
    const part = fc.oneof(name, fc.constantFrom("*", "**", "a*", "*b", "*a*", "?", "[ab]", "a?*"));
    const glob = fc
      .array(part, { minLength: 2, maxLength: 4 })
      .map((parts) => parts.join("/"))
      .filter((text) => !text.endsWith("**"));
    const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));
    fc.assert(
      fc.property(glob, path, (glob, path) => {
        assert.equal(matches(glob, path), picomatch(glob, { dot: true })(path), `${glob} ${path}`);
      }),
      { numRuns: 800 },
    );
  });

  test("property: no glob and no path makes it throw", () => {
    const sign = fc.constantFrom(
      "*",
      "**",
      "/",
      "{",
      "}",
      ",",
      "[",
      "]",
      "!",
      "\\",
      "?",
      "a",
      "(",
      "|",
      ")",
      "\n",
    );
    const text = fc.array(fc.oneof(sign, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 25 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, (globs, path) => {
        assert.equal(
          typeof matches(
            globs.map((glob) => glob.join("")),
            path.join(""),
          ),
          "boolean",
        );
      }),
      { numRuns: 500 },
    );
  });

  test("globs that keep a regular expression busy for minutes are matched at once", () => {
    const name = "a".repeat(250);
    assert.equal(matches("*a*a*a*a*a*a*a*a*x", name), false);
    assert.equal(matches("**/*a*/**/*a*/**/*a*x", Array(60).fill(name).join("/")), false);
  });

  test("what would be too much is said", () => {
    const place = { file: "f.yml", key: "paths", glob: "shown" };
    assert.equal(checkGlob("src/**", place), null);
    assert.deepEqual(
      ["{a,b}".repeat(6), "a".repeat(201), "!", "a\nb"].map((glob) => checkGlob(glob, place)),
      [
        reasonOf("glob-expands-too-far", { ...place, most: 32 }),
        reasonOf("glob-too-long", { ...place, most: 200 }),
        reasonOf("glob-empty", { file: "f.yml", key: "paths" }),
        reasonOf("glob-control-characters", place),
      ],
    );
    assert.equal(matches("{a,b}".repeat(30), "a"), false);
  });

  test("of a list as much is taken as 200 globs come to, and 100 of its entries", () => {
    const many = (glob: string, count: number): readonly string[] =>
      Array.from({ length: count }, () => glob);
    const of32 = "{a,b}".repeat(5);
    assert.equal(takePatterns(many(of32, 10)).length, 6);
    assert.equal(takePatterns(many("a", 150)).length, 100);
    assert.equal(matchesPaths([...many(of32, 6), "late"])("late"), true);
    assert.equal(matchesPaths([...many(of32, 7), "late"])("late"), false);
  });
});
