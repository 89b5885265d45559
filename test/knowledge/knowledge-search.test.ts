import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { ConfigError } from "../../src/base/errors.ts";
import type { Logger, LogFields } from "../../src/base/logger.ts";
import type { KnowledgeRecord, KnowledgeRequest } from "../../src/flow/ports.ts";
import { checkDatasets } from "../../src/knowledge/check-datasets.ts";
import type { Embed, KnowledgeOptions } from "../../src/knowledge/knowledge-options.ts";
import { createKnowledgeSearch, type FolderKnowledge } from "../../src/knowledge/knowledge-search.ts";
import { hashVector } from "../../standins/model/embeddings.ts";

const put = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
};

const createFolder = async (files: Readonly<Record<string, string>>) => {
  const folder = await mkdtemp(join(tmpdir(), "knowledge-"));
  await put(folder, files);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

const createLogSpy = () => {
  const lines: { fields: LogFields; message: string }[] = [];
  const keep = (fields: LogFields, message: string): void => void lines.push({ fields, message });
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => logger };
  return { logger, lines };
};

const open = (folder: string, more: Partial<KnowledgeOptions> = {}): Promise<FolderKnowledge> =>
  createKnowledgeSearch({
    datasets: [{ id: "rules-id", name: "Coding rules", folder }],
    clock: systemClock,
    logger: createLogSpy().logger,
    quietMs: 10,
    ...more,
  });

const find = async (
  knowledge: FolderKnowledge,
  query: string,
  more: Partial<KnowledgeRequest> = {},
): Promise<readonly KnowledgeRecord[]> => {
  const { signal } = new AbortController();
  const request = { datasetIds: ["rules-id"], query, topK: 3, scoreThreshold: null, signal, ...more };
  const result = await knowledge.search(request);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

const RULES = {
  "korean.md":
    "# 코딩 규칙\n\n## 이름\n\n변수 이름은 카멜케이스로 작성합니다.\n\n## 예외\n\n예외를 무시하지 마세요. 항상 로그를 남깁니다.\n",
  "japanese.md":
    "# 規約\n\n## 命名\n\n変数名はキャメルケースで書くこと。\n\n## 例外\n\n例外は必ず処理し、エラーハンドリングを省略しない。\n",
  "chinese.txt": "变量命名使用驼峰命名法。\n\n数据库查询必须使用参数绑定，防止注入攻击。\n",
  "english/errors.md":
    "# Errors\n\n## Handling\n\nNever swallow an exception; log it with handleError.\n\n## Messages\n\nName what to change.\n",
};

test("Korean, Japanese, Chinese and English are found by their own words", async () => {
  await using dir = await createFolder(RULES);
  await using knowledge = await open(dir.folder);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["변수는 어떻게 이름을 짓나요?", "korean.md", /카멜케이스/],
    ["예외 로그", "korean.md", /무시하지/],
    ["変数の命名", "japanese.md", /キャメルケース/],
    ["エラーハンドリングについて", "japanese.md", /省略しない/],
    ["如何防止数据库注入", "chinese.txt", /参数绑定/],
    ["swallowed EXCEPTION handle error", "english/errors.md", /Never swallow/],
    ["ｈａｎｄｌｅＥｒｒｏｒ", "english/errors.md", /Never swallow/],
  ];
  for (const [query, documentName, content] of cases) {
    const [best] = await find(knowledge, query);
    assert.equal(best?.documentName, documentName, query);
    assert.match(best?.content ?? "", content);
  }
  assert.deepEqual(await find(knowledge, "zzzz"), []);
  assert.deepEqual(await find(knowledge, "  "), []);
});

test("a record has Dify's words: names, position, score between 0 and 1, stable ids", async () => {
  await using dir = await createFolder(RULES);
  await using knowledge = await open(dir.folder);
  const [record] = await find(knowledge, "exception", { datasetIds: ["Coding rules"] });
  assert.ok(record);
  assert.equal(record.datasetId, "rules-id");
  assert.equal(record.datasetName, "Coding rules");
  assert.equal(record.title, "english/errors.md");
  assert.equal(record.position, 1);
  assert.match(record.content, /^# Errors\n## Handling\n\nNever/);
  assert.ok(record.score > 0 && record.score < 1);
  await using again = await open(dir.folder);
  assert.deepEqual((await find(again, "exception"))[0], record);
});

test("topK and the threshold limit what is found, best first", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [
      `${index}.md`,
      `naming rule ${"naming ".repeat(index)} other words`,
    ]),
  );
  await using dir = await createFolder(files);
  await using knowledge = await open(dir.folder);
  const all = await find(knowledge, "naming", { topK: 100 });
  assert.equal(all.length, 9);
  assert.deepEqual(
    all.map(({ score }) => score),
    all.map(({ score }) => score).sort((a, b) => b - a),
  );
  assert.deepEqual(await find(knowledge, "naming", { topK: 2 }), all.slice(0, 2));
  const threshold = all[3]?.score ?? 0;
  const above = await find(knowledge, "naming", { topK: 100, scoreThreshold: threshold });
  assert.ok(above.length >= 4 && above.length < 9 && above.every(({ score }) => score >= threshold));
  assert.deepEqual(await find(knowledge, "naming", { topK: 0 }), []);
});

test("an unknown dataset is a failure that names it and the known ones; checked before a run too", async () => {
  await using dir = await createFolder(RULES);
  await using knowledge = await open(dir.folder);
  const { signal } = new AbortController();
  const result = await knowledge.search({
    datasetIds: ["nope"],
    query: "x",
    topK: 1,
    scoreThreshold: null,
    signal,
  });
  assert.ok(!result.ok);
  assert.match(result.message, /"nope".*rules-id \(Coding rules\)/);
  assert.equal(checkDatasets(["nope", "rules-id"], [{ id: "rules-id", folder: "x" }]).length, 1);
  await assert.rejects(open(join(dir.folder, "missing")), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /rules-id.*missing/);
    return true;
  });
});

test("files that change, appear and go are seen without a restart", async () => {
  await using dir = await createFolder({ "a.md": "apples are fine" });
  await using knowledge = await open(dir.folder);
  const seen = async (query: string, isFound: boolean): Promise<void> => {
    for (let tries = 0; tries < 400; tries += 1) {
      if ((await find(knowledge, query)).length > 0 === isFound) return;
      await delay(20);
    }
    assert.fail(`${query} was ${isFound ? "not found" : "still found"}`);
  };
  await seen("apples", true);
  await put(dir.folder, { "a.md": "bananas are better", "deep/below/b.md": "cherries too" });
  await seen("bananas", true);
  await seen("cherries", true);
  await seen("apples", false);
  await rename(join(dir.folder, "a.md"), join(dir.folder, "a.bin"));
  await seen("bananas", false);
});

test("links are followed inside the folder only; hidden, foreign and oversized files are left out", async () => {
  await using outside = await createFolder({
    "secret.md": "outsideword password",
    "dir/x.md": "outsideword",
  });
  await using dir = await createFolder({
    ".data/real.md": "linkedword rules",
    ".hidden.md": "hiddenword",
    "big.md": "bigword ".repeat(100),
    "code.ts": "codeword",
    "good.md": "goodword",
  });
  await symlink(join(outside.folder, "secret.md"), join(dir.folder, "leak.md"));
  await symlink(join(outside.folder, "dir"), join(dir.folder, "leakdir"));
  await symlink(outside.folder, join(dir.folder, "leakdir.md"));
  await symlink("../../../../../../etc/passwd", join(dir.folder, "passwd.txt"));
  await symlink(".data/real.md", join(dir.folder, "mounted.md"));
  await symlink("loop.md", join(dir.folder, "loop.md"));
  const { logger, lines } = createLogSpy();
  await using knowledge = await open(dir.folder, { limits: { maxFileBytes: 500 }, logger });
  assert.equal((await find(knowledge, "goodword")).length, 1);
  assert.equal((await find(knowledge, "linkedword"))[0]?.documentName, "mounted.md");
  for (const word of ["outsideword", "password", "root", "hiddenword", "bigword", "codeword"]) {
    assert.deepEqual(await find(knowledge, word), [], word);
  }
  const refused = lines.filter(({ message }) => message.includes("leads out of its folder"));
  assert.deepEqual(
    refused.map(({ fields }) => String(fields["file"])).sort((a, b) => a.localeCompare(b)),
    ["leak.md", "leakdir.md", "passwd.txt"],
  );
  assert.ok(lines.some(({ message }) => message.includes("too large")));
});

test("limits on files and segments hold and are told", async () => {
  await using dir = await createFolder({
    "a.md": "# A\n\none\n\n# B\n\ntwo",
    "b.md": "three",
    "c.md": "four",
  });
  const { logger, lines } = createLogSpy();
  await using knowledge = await open(dir.folder, { limits: { maxFiles: 2, maxSegments: 2 }, logger });
  assert.deepEqual(
    knowledge.status().map(({ documents, segments }) => [documents, segments]),
    [[2, 2]],
  );
  assert.ok(lines.some(({ message }) => message.includes("too many files")));
  assert.ok(lines.some(({ message }) => message.includes("too many segments")));
});

const countingEmbed = () => {
  const texts: string[] = [];
  let isBroken = false;
  const embed: Embed = async (more, signal) => {
    signal.throwIfAborted();
    if (isBroken) throw new Error("embedding is down");
    texts.push(...more);
    return more.map((text) => hashVector(text, 256));
  };
  return {
    embed,
    texts,
    setBroken: (broken: boolean) => {
      isBroken = broken;
    },
  };
};

for (const fusion of [
  { kind: "weighted", vectorWeight: 0.7 },
  { kind: "reciprocal-rank", k: 60 },
] as const) {
  test(`hybrid search (${fusion.kind}) combines both, embeds a content once, and does without when it fails`, async () => {
    await using dir = await createFolder({ "a.md": "naming of variables", "b.md": "deploying on fridays" });
    const counting = countingEmbed();
    await using knowledge = await open(dir.folder, { embed: counting.embed, fusion });
    await knowledge.refresh();
    assert.equal(knowledge.status()[0]?.hasVectors, true);
    // No word in common, but near by its vector.
    const [near] = await find(knowledge, "variable name");
    assert.equal(near?.documentName, "a.md");
    const [both] = await find(knowledge, "naming of variables");
    assert.equal(both?.documentName, "a.md");
    assert.ok(both.score > near.score - 1e-9 && both.score <= 1);
    await put(dir.folder, { "c.md": "naming of variables" });
    await knowledge.refresh();
    assert.equal(counting.texts.filter((text) => text === "deploying on fridays").length, 1);
    counting.setBroken(true);
    assert.equal((await find(knowledge, "fridays"))[0]?.documentName, "b.md");
    await put(dir.folder, { "d.md": "unembeddable" });
    await knowledge.refresh();
    assert.equal(knowledge.status()[0]?.hasVectors, false);
    assert.equal((await find(knowledge, "unembeddable"))[0]?.documentName, "d.md");
    counting.setBroken(false);
    await knowledge.refresh();
    assert.equal(knowledge.status()[0]?.hasVectors, true);
  });
}

test("an aborted search rejects with the signal's reason", async () => {
  await using dir = await createFolder(RULES);
  await using knowledge = await open(dir.folder);
  const reason = new Error("cancelled");
  await assert.rejects(find(knowledge, "x", { signal: AbortSignal.abort(reason) }), reason);
});
