/**
 * What Dify's json_repair makes of damaged JSON, as data: a third of the texts, drawn by hash, stands in the
 * repository, all of them beside the checkout.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { z } from "zod";
import { Json } from "../../../src/base/json.ts";
import { toJson } from "../../../src/base/model-json/json-node.ts";
import { readJsonObject, readJsonText } from "../../../src/base/model-json/read-json.ts";
import { writeJson } from "../../../src/base/model-json/write-json.ts";

const Texts = z.object({
  texts: z.array(
    z.object({
      text: z.string(),
      loads: Json,
      http_body: Json.optional(),
      structured: Json.optional(),
      structured_error: z.string().optional(),
      http_error: z.string().optional(),
    }),
  ),
  http_bodies_with_a_text_inside: z.array(
    z.object({ text: z.string(), meant: z.string(), http_body: Json.optional() }),
  ),
});
const Differences = z.object({
  differences: z.array(z.object({ text: z.string(), dify: Json, ours: Json, reason: z.string().min(20) })),
});

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const SHARED = "../../../../shared/corpus/expected-nodes/json-repair.json";
const FILES = ["../../fixtures/dify-nodes/json-repair.json", SHARED];
const { differences } = Differences.parse(read("./known-differences.json"));
const known = new Map(differences.map((difference) => [difference.text, difference]));

/** As the data write numbers that JSON has not. */
const shown = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item !== "number" || Number.isFinite(item)) return item;
      return Number.isNaN(item) ? "NaN!" : "Inf!";
    }),
  );

const loaded = (text: string): unknown => {
  const reading = readJsonText(text);
  return reading.ok ? shown(toJson(reading.node)) : "";
};

/** The body that is sent, null where none is. */
const sent = (text: string): unknown => {
  const reading = readJsonText(text);
  if (!reading.ok || reading.doubtful) return null;
  const written = writeJson(reading.node);
  return written.ok ? JSON.parse(written.text) : null;
};

for (const file of FILES) {
  const isThere = existsSync(new URL(file, import.meta.url));
  const skip = isThere || (process.env.CI === "true" && file !== SHARED) ? false : `${file} is not there`;
  suite(`json_repair's readings in ${file}`, { skip }, () => {
    const data = isThere ? Texts.parse(read(file)) : { texts: [], http_bodies_with_a_text_inside: [] };
    const cases = [
      ...data.texts.map(({ text, loads }) => ({ text, expected: loads })),
      ...data.http_bodies_with_a_text_inside.map(({ text, http_body: body }) => ({
        text,
        expected: body ?? null,
      })),
    ];

    test("are ours, or stand in the list with a reason and are never sent", () => {
      for (const { text, expected } of cases) {
        const difference = known.get(text);
        assert.deepEqual(loaded(text), difference === undefined ? shown(expected) : difference.ours, text);
        if (difference === undefined) continue;
        assert.deepEqual(difference.dify, shown(expected));
        assert.equal(sent(text), null, text);
      }
      const listed = cases.filter(({ text }) => known.has(text)).length;
      assert.ok(listed <= cases.length * 0.05);
      if (file !== SHARED) return;
      const row = `\n| \`json-repair\` | ${cases.length} | ${cases.length - listed} |\n`;
      assert.ok(readFileSync(new URL("../../../docs/flows.md", import.meta.url), "utf8").includes(row), row);
    });

    test("are sent as Dify sends them, and not sent where Dify fails", () => {
      for (const { text, http_body: body, http_error: error } of data.texts) {
        const unsendable = JSON.stringify(body ?? null).match(/NaN!|Inf!/) !== null;
        if (known.has(text)) continue;
        if (error !== undefined || unsendable) assert.equal(sent(text), null, text);
        else assert.deepEqual(sent(text), shown(body), text);
      }
      for (const { text, http_body: body } of data.http_bodies_with_a_text_inside) {
        if (!known.has(text)) assert.deepEqual(sent(text), body, text);
      }
    });

    test("are structured output as Dify takes it", () => {
      for (const { text, structured, structured_error: error } of data.texts) {
        const object = readJsonObject(text);
        if (error !== undefined) assert.equal(object, null, text);
        else assert.deepEqual(shown(object === null ? null : toJson(object)), structured, text);
      }
    });
  });
}
