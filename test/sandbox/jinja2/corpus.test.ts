import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { z } from "zod";
import { JsonObject } from "../../../src/base/json.ts";
import { renderTemplate } from "../../../src/sandbox/jinja2/render-template.ts";

const Corpus = z.object({
  jinja2: z.string(),
  variables: z.record(z.string(), JsonObject),
  cases: z.array(
    z.object({
      id: z.string(),
      template: z.string(),
      variables: z.string().optional(),
      text: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
});
const Differences = z.array(z.object({ template: z.string(), reason: z.string().min(20) }));

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const corpus = Corpus.parse(read("../../fixtures/jinja2/corpus.json"));
const differences = new Map(
  Differences.parse(read("differences.json")).map(({ template, reason }) => [template, reason] as const),
);

/** Ours names the line of a syntax error; Jinja2 keeps it beside its message. */
const withoutLine = (message: string): string => message.replace(/ \(line \d+\)$/, "");

const renderCase = ({ template, variables }: (typeof corpus.cases)[number]): string => {
  const outcome = renderTemplate(template, corpus.variables[variables ?? ""] ?? {}, 400_000);
  return outcome.ok ? `text: ${outcome.text}` : `error: ${withoutLine(outcome.message)}`;
};

describe("Jinja2 templates against real Jinja2", () => {
  it("has at least 150 cases of Jinja2 3.1", () => {
    assert.match(corpus.jinja2, /^3\.1\./);
    assert.ok(corpus.cases.length >= 150);
  });

  for (const entry of corpus.cases) {
    const expected = entry.text === undefined ? `error: ${entry.error ?? ""}` : `text: ${entry.text}`;
    const reason = differences.get(entry.template);
    if (reason === undefined)
      it(`${entry.id} ${entry.template.slice(0, 60)}`, () => assert.equal(renderCase(entry), expected));
    else
      it(`${entry.id} still differs: ${reason}`, () =>
        assert.notEqual(renderCase(entry), expected, "It does not differ any more: strike it from the list"));
  }

  it("lists no difference that is not in the corpus", () => {
    const templates = new Set(corpus.cases.map(({ template }) => template));
    assert.deepEqual(
      [...differences.keys()].filter((template) => !templates.has(template)),
      [],
    );
  });
});
