import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { DifyError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDatasetDesk, type DatasetDeskOptions } from "../../src/dify/dataset-desk.ts";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";

const FAST = "11111111-1111-4111-8111-111111111111";
const SLOW = "22222222-2222-4222-8222-222222222222";
const KEY = "dataset-a-key-of-the-tests";

suite("a dataset of Dify", () => {
  let opened: DifyStandIn | undefined;
  const dify = (): DifyStandIn => opened ?? assert.fail("not open yet");
  before(async () => {
    const app = { name: "app", key: "app-key", form: [], program: () => Promise.reject(new Error("no run")) };
    opened = await startDifyStandIn({
      apps: [app],
      datasets: [
        { id: FAST, key: KEY },
        { id: SLOW, key: KEY, indexing: "high_quality", indexesSlowly: true },
      ],
    });
  });
  after(() => opened?.[Symbol.asyncDispose]());

  const desk = (changes: Partial<DatasetDeskOptions> = {}) =>
    createDatasetDesk({
      baseUrl: dify().url,
      apiKey: new Secret(KEY),
      datasetId: FAST,
      setting: "lessons.dify",
      clock: systemClock,
      ...changes,
    });
  const texts = (id: string) =>
    dify()
      .documents(id)
      .map(({ name, text }) => `${name}: ${text}`);

  test("has one document under a name, whose text is replaced and taken away", async () => {
    const { put } = desk();
    await put("lessons a/b.md", "");
    assert.deepEqual(texts(FAST), []);
    await put("lessons a/b.md", "one");
    await put("lessons a/b.md more", "other");
    await put("lessons a/b.md", "two");
    assert.deepEqual(texts(FAST), ["lessons a/b.md: two", "lessons a/b.md more: other"]);
    await put("lessons a/b.md", "");
    assert.deepEqual(texts(FAST), ["lessons a/b.md more: other"]);
  });

  test("refuses another text while it indexes one, and takes it later", async () => {
    const { put } = desk({ datasetId: SLOW });
    await put("a", "one");
    for (const text of ["two", ""]) await assert.rejects(put("a", text), DifyError);
    dify().finishIndexing();
    await put("a", "two");
    assert.deepEqual(texts(SLOW), ["a: two"]);
  });

  test("names what to change when key or address are wrong, without the key", async () => {
    const refusal = async (changes: Partial<DatasetDeskOptions>): Promise<string> => {
      const error: unknown = await desk(changes)
        .put("a", "b")
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof DifyError && !error.retryable, String(error));
      assert.ok(!error.message.includes("app-key") && !error.message.includes(KEY));
      return plain(error.what);
    };
    assert.match(
      await refusal({ apiKey: new Secret("app-key") }),
      /\bdify\.advice\.dataset-key setting=lessons\.dify$/,
    );
    assert.match(
      await refusal({ datasetId: "33333333-3333-4333-8333-333333333333" }),
      /\bdify\.advice\.dataset-missing setting=lessons\.dify$/,
    );
  });
});
