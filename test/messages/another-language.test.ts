import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../..");
const TEXTS = z.record(z.string(), z.string());

/** What a module of a copy of the program exports; imports of this one cannot be used there. */
const exported = (module: unknown, name: string): unknown =>
  Object.getOwnPropertyDescriptor(module, name)?.value;

const called = (module: unknown, name: string): ((...given: readonly unknown[]) => unknown) =>
  z
    .custom<(...given: readonly unknown[]) => unknown>((value) => typeof value === "function")
    .parse(exported(module, name));

suite("a further language", () => {
  let folder = "";
  let english: z.infer<typeof TEXTS> = {};
  const load = async (file: string): Promise<unknown> => await import(join(folder, "src", file));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-language-"));
    await cp(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    await cp(join(ROOT, "package.json"), join(folder, "package.json"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    english = TEXTS.parse(JSON.parse(await readFile(join(ROOT, "src/messages/en.json"), "utf8")));
    const { "summary.no-findings": _, ...others } = english;
    const texts = Object.fromEntries(Object.entries(others).map(([code, text]) => [code, `⟦${text}⟧`]));
    // The only thing that is added: a file. One of its sentences is still missing.
    await writeFile(
      join(folder, "src/messages/eo.json"),
      JSON.stringify({ ...texts, "language.name": "Esperanto", "language.locale": "eo" }),
    );
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("is a file: its tag and its names find it, and the terminal, browsers and reviews speak it", async () => {
    const language = await load("messages/language.ts");
    const find = called(language, "findLanguage");
    for (const name of ["eo", "eo-001", "epo", "Esperanto", "エスペラント語"])
      assert.equal(find(name), "eo", name);
    const choose = await load("messages/choose-language.ts");
    assert.equal(called(choose, "languageOfTerminal")({ LANG: "eo_XX.UTF-8" }), "eo");
    assert.equal(called(choose, "chooseLanguage")(undefined, "eo, en;q=0.5"), "eo");
    const messages = await load("messages/format-message.ts");
    const format = called(messages, "formatMessage");
    assert.equal(format("Esperanto", "summary.heading"), `⟦${english["summary.heading"]}⟧`);
    const files = ["Esperanto", "English"].map((language) =>
      format(language, "coverage.files", { count: 2 }),
    );
    assert.equal(files[0], `⟦${String(files[1])}⟧`);
    assert.equal(format("Esperanto", "summary.no-findings"), format("English", "summary.no-findings"));
  });

  test("frames a note and is offered on the dashboard", async () => {
    const note = called(
      await load("review/note-text.ts"),
      "renderNote",
    )({
      flow: "review",
      language: "Esperanto",
      headSha: "0123456789",
      markdown: "Bone.",
      models: [],
      remarks: [],
    });
    assert.match(String(note), /⟦/u);
    // The dashboard offers whatever stands there.
    const offered = exported(await load("messages/language.ts"), "LANGUAGES");
    assert.deepEqual(z.array(z.string()).parse(offered).includes("eo"), true);
  });
});
