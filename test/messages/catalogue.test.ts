import { REASONS, reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { namedIn } from "./named-in.ts";
import { isOfOtherScript, latinSentences } from "./latin-sentences.ts";
import { parametersOf } from "../../scripts/docs/message-parameters.ts";
import { formatMessage, readTexts, translator } from "../../src/messages/format-message.ts";
import { languageOfTerminal } from "../../src/messages/choose-language.ts";
import { englishName, findLanguage, LANGUAGES, languageOf } from "../../src/messages/language.ts";
import { z } from "zod";
import { englishTexts } from "../../src/flow/messages/message.ts";

const ROOT = join(import.meta.dirname, "../..");
const english = readTexts("en");

suite("the catalogue of messages", () => {
  test("holds every code in every language, with the same parameters", () => {
    for (const language of LANGUAGES) {
      const texts = readTexts(language);
      assert.deepEqual([...texts.keys()], [...english.keys()].toSorted(), language);
      for (const [code, text] of texts) {
        assert.equal(text, text.trim(), `${language} ${code}`);
        assert.notEqual(text, "", `${language} ${code}`);
        assert.deepEqual(
          [...parametersOf(text).keys()],
          [...parametersOf(english.get(code) ?? "").keys()],
          `${language} ${code}`,
        );
      }
    }
    for (const language of ["en", "ja", "ko"]) assert.ok(LANGUAGES.includes(language));
  });

  test("takes the engine's English from the engine", () => {
    const own = z
      .record(z.string(), z.string())
      .parse(JSON.parse(readFileSync(join(ROOT, "src/messages/en.json"), "utf8")));
    assert.deepEqual(
      [...englishTexts().keys()].filter((code) => code in own),
      [],
    );
    for (const [code, text] of englishTexts()) assert.equal(english.get(code), text, code);
  });

  test("holds a sentence for every reason, with exactly its parameters", () => {
    const reasons = [...english.keys()].filter((code) => code.startsWith("reason."));
    assert.deepEqual(
      reasons,
      Object.keys(REASONS)
        .map((code) => `reason.${code}`)
        .toSorted(),
    );
    for (const [code, parameters] of Object.entries(REASONS))
      assert.deepEqual(
        [...parametersOf(english.get(`reason.${code}`) ?? "").keys()].toSorted(),
        Object.keys(parameters).toSorted(),
        code,
      );
  });

  test("holds no English in another language, but for names and what people type", () => {
    for (const language of LANGUAGES.filter(isOfOtherScript)) {
      const found = [...readTexts(language)].flatMap(([code, text]) =>
        latinSentences(
          text.replaceAll(/\{\w+, (?:plural|select|number|date)[^{}]*|\b(?:other|one) \{/gu, " "),
        ).map((sentence) => `${code}: ${sentence}`),
      );
      assert.deepEqual(found, [], language);
    }
  });

  test("holds no code that no source names", () => {
    const sources = globSync("src/**/*.ts", { cwd: ROOT }).filter(
      (file) => !file.startsWith("src/messages/") && file !== "src/flow/messages/message-parameters.ts",
    );
    const isNamed = namedIn(sources.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n"));
    // Reasons are named by what was stored, and others' words by `verbatim`.
    assert.deepEqual(
      [...english.keys()].filter(
        (code) => !isNamed(code) && !code.startsWith("reason.") && code !== "verbatim",
      ),
      [],
    );
    assert.equal(isNamed("no.such-code"), false);
  });
});

suite("a message", () => {
  test("is formatted with its parameters, plural and dates in a time zone", () => {
    const files = (count: number): string => formatMessage("en", "coverage.files", { count });
    assert.match(files(1), /\b1\b/u);
    assert.match(files(1_234), /\b1,234\b/u);
    assert.notEqual(files(1).replace("1", ""), files(1_234).replace("1,234", ""));
    const until = Date.UTC(2026, 1, 28, 15);
    const postponed = { setting: "budgets.total.runs", limit: 5, until };
    assert.match(translator("en")("budget.postponed", postponed), /Feb 28, 2026, 15:00 UTC/u);
    assert.match(translator("en", "Asia/Tokyo")("budget.postponed", postponed), /Mar 1, 2026, 00:00/u);
  });

  test("keeps what stands in its parameters, markup and braces among it", () => {
    const reason = "<b>{x}</b> 'y' `z`";
    for (const language of LANGUAGES)
      assert.ok(formatMessage(language, "conversation.not-reviewed", { reason }).includes(reason));
  });

  test("of a reason joins lists and chooses by flags", () => {
    const reason = (denied: boolean) =>
      translator("en").reason(reasonOf("label-filtered", { labels: ["a", "b"], denied }));
    assert.ok(reason(true).includes("a, b"));
    assert.notEqual(reason(true), reason(false));
  });
});

suite("a language", () => {
  test("is the terminal's, where its locale names one of the catalogue", () => {
    assert.equal(languageOfTerminal({ LANG: "ko_KR.UTF-8" }), "ko");
    assert.equal(languageOfTerminal({ LANG: "ko_KR.UTF-8", LC_ALL: "ja_JP" }), "ja");
    for (const LANG of ["C", "C.UTF-8", "POSIX", "", "fi_FI"])
      assert.equal(languageOfTerminal({ LANG }), "en");
    assert.equal(languageOfTerminal({}), "en");
    assert.equal(englishName("ko"), "Korean");
  });

  test("is found by its tag, its country or its name in any language of the catalogue", () => {
    for (const name of ["Japanese", "日本語", "ja", "ja-JP", "jpn", "JP", " JAPANESE ", "일본어", "Japan"])
      assert.equal(findLanguage(name), "ja", name);
    for (const name of ["Korean", "한국어", "ko", "ko_KR", "kr", "韓国語", "Korean (polite)"])
      assert.equal(findLanguage(name), "ko", name);
    for (const name of ["English", "en", "en-GB"]) assert.equal(findLanguage(name), "en", name);
  });

  test("without a catalogue is none, and is spoken to in English", () => {
    for (const name of ["", "Deutsch", "中文", "Klingon", "zz", "e", "!"]) {
      assert.equal(findLanguage(name), null, name);
      assert.equal(languageOf(name), "en", name);
    }
  });
});
