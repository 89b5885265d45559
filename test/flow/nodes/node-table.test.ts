import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CONTROL_KINDS } from "../../../src/flow/nodes/control-kinds.ts";
import { FAILING_KINDS } from "../../../src/flow/nodes/failing/failing-kinds.ts";
import { WORK_KINDS } from "../../../src/flow/nodes/work-kinds.ts";

const document = readFileSync(new URL("../../../docs/flows.md", import.meta.url), "utf8");

/** The rows of the table under a heading, without its head, cell by cell. */
const tableUnder = (heading: string): readonly (readonly string[])[] => {
  const section = document.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

const failing = new Set(FAILING_KINDS.map(({ type }) => type));

describe("the tables of docs/flows.md", () => {
  it("have every kind that runs, with its role and whether retries count", () => {
    const kinds = [...CONTROL_KINDS, ...WORK_KINDS].filter(({ type }) => !failing.has(type));
    assert.deepEqual(
      tableUnder("## Nodes")
        .map(([kind, role, retries]) => [kind, role, retries].join(" "))
        .toSorted(),
      kinds.map(({ type, role, retries }) => `\`${type}\` ${role} ${retries ? "yes" : "no"}`).toSorted(),
    );
  });
});
