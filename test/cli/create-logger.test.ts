import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { renderLine } from "../../src/cli/create-logger.ts";

const render = (fields: object): string =>
  stripVTControlCharacters(
    renderLine(
      JSON.stringify({ level: "info", time: "2026-11-30T12:00:00.000Z", msg: "A message", ...fields }),
    ),
  ).replace(/^\d\d:00:00 /, "");

describe("a line of the log at a terminal", () => {
  it("has level, message and fields; texts with white space stay whole", () => {
    assert.equal(render({}), "info  A message\n");
    assert.equal(
      render({ level: "error", url: "http://127.0.0.1:8080", flows: ["a", "b"], why: "no answer" }),
      'error A message url=http://127.0.0.1:8080 flows=["a","b"] why="no answer"\n',
    );
  });

  it("lets nothing from outside move the cursor", () => {
    assert.equal(render({ msg: "x\u001b[2J", name: "\u009b1m" }), 'info  x[2J name="1m"\n');
  });

  it("stays as it is where it is none of ours", () => {
    assert.equal(renderLine("no JSON\n"), "no JSON\n");
  });
});
