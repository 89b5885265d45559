import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { createEmbeddedRunner } from "../../src/embedded/embedded-runner.ts";
import { parseFlow } from "../../src/flow/parse/parse-flow.ts";
import { LESSONS_DATASET, withLessons } from "../../src/knowledge/lessons-dataset.ts";
import { conformancePath } from "../cli/recorded-terminal.ts";
import { createScriptedPorts, PortScript } from "../flow/scripted-ports.ts";

test("a knowledge node that names the lessons gets those of its own run, and none without", async () => {
  const file = readFileSync(conformancePath("knowledge-retrieval"), "utf8");
  const flow = parseFlow(file.replace("[ rules ]", `[ ${LESSONS_DATASET} ]`));
  const { ports } = createScriptedPorts(PortScript.parse({}));
  const runner = createEmbeddedRunner({ flow, ports, tools: () => ports.tools, withLessons });
  const ask = async (lessons?: string): Promise<string> => {
    const { status, outputs } = await runner.run({
      runId: "run",
      inputs: { q: "const" },
      journal: createMemoryJournal(),
      signal: new AbortController().signal,
      onEvent: () => undefined,
      ...(lessons === undefined ? {} : { lessons }),
    });
    assert.equal(status, "succeeded");
    return JSON.stringify(outputs["result"]);
  };
  assert.match(await ask("- style, such as 'Prefer const': 2 disliked"), /Prefer const/);
  assert.match(await ask("Be kind."), /Be kind/);
  assert.equal(await ask(), "[]");
});
