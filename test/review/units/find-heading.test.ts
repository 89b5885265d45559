import assert from "node:assert/strict";
import { test } from "node:test";
import { findHeading } from "../../../src/review/units/find-heading.ts";
import { hunkOf } from "./hunks.ts";

const heading = (rows: readonly string[], git = "", from = 0): string => {
  const hunk = hunkOf(rows, { old: 10, new: 10 }, git);
  return findHeading(
    hunk,
    git,
    hunk.lines.map(({ text }) => text),
    from,
  );
};

const cases: readonly (readonly [what: string, rows: readonly string[], heading: string])[] = [
  ["a function", [" export function add(a, b) {", "+  return a + b;"], "export function add(a, b) {"],
  [
    "a method past a branch",
    [" def total(self):", "     if self.items:", "+        return 1"],
    "def total(self):",
  ],
  ["the nearest definition", [" class A {", "   run() {", "+    go();"], "run() {"],
  ["a block of a configuration", [" services:", "   web:", "+    image: x"], "web:"],
  ["none at the top level", [" function a() {", " }", "+const x = 1;"], ""],
  ["none in what was removed", ["-function a() {", "+  x();"], ""],
  ["none in a comment", [" // function of the world:", "+  x();"], ""],
  ["none when nothing is around", ["+  x();"], ""],
];

for (const [what, rows, expected] of cases)
  test(`finds ${what}`, () => assert.equal(heading(rows), expected));

test("keeps git's heading for a hunk as a whole", () => {
  assert.equal(heading([" function near() {", "+  x();"], "function far() {"), "function far() {");
});

test("looks back into the lines before a part", () => {
  const rows = ["+function a() {", "+  x();", "+  y();", "+}", "+const z = 1;"];
  assert.equal(heading(rows, "class Far {", 2), "function a() {");
  assert.equal(heading(rows, "class Far {", 4), "");
  assert.equal(heading(["+  x();", "+  y();"], "class Far {", 1), "class Far {");
});

test("cuts a heading that is long or costly", () => {
  assert.equal(heading(["+  x();"], "f".repeat(200)), "f".repeat(80));
  assert.equal(heading(["+  x();"], "写".repeat(200)), "写".repeat(40));
});
