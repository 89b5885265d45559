import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { COMMANDS, type Command } from "../../../src/review/commands/command.ts";
import { isMentioned } from "../../../src/review/commands/is-mentioned.ts";
import { parseCommand } from "../../../src/review/commands/parse-command.ts";
import { GITLAB_QUICK_ACTIONS } from "../../../src/review/commands/quick-actions.ts";

const BOT = "project_7_bot_ab12";
const parse = (text: string): Command | null => parseCommand(text.replaceAll("@bot", `@${BOT}`), BOT);
const REVIEW: Command = { name: "review", paths: [], changesOnly: false, language: null };

suite("parseCommand", () => {
  test("reads each command behind a mention and behind a slash", () => {
    const table: readonly (readonly [string, Command])[] = [
      ["review", REVIEW],
      ["review src/ lib/*.ts", { ...REVIEW, paths: ["src/", "lib/*.ts"] }],
      ["review `Makefile` please", { ...REVIEW, paths: ["Makefile"] }],
      ["review this again", REVIEW],
      ["review --changes --language=Deutsch", { ...REVIEW, changesOnly: true, language: "Deutsch" }],
      ['review --language="Brazilian Portuguese"', { ...REVIEW, language: "Brazilian Portuguese" }],
      ["ask why is this a loop?", { name: "ask", text: "why is this a loop?" }],
      ["describe", { name: "describe", write: false, language: null }],
      ["describe --write", { name: "describe", write: true, language: null }],
      ["describe —write", { name: "describe", write: true, language: null }],
      ["resolve", { name: "resolve", reason: "" }],
      ["ignore it is meant so", { name: "ignore", reason: "it is meant so" }],
      ["pause", { name: "pause", reason: "" }],
      ["resume", { name: "resume", reason: "" }],
      ["help", { name: "help", problem: null }],
    ];
    for (const [text, expected] of table) {
      assert.deepEqual(parse(`@bot ${text}`), expected, text);
      assert.deepEqual(parse(`/${text}`), expected, text);
    }
  });

  test("a question keeps all of its lines", () => {
    assert.deepEqual(parse("@bot ask what of\n\n```js\nx\n```"), {
      name: "ask",
      text: "what of\n\n```js\nx\n```",
    });
    const long = parse(`Hello.\n@bot ask ${"why ".repeat(3000)}`);
    assert.ok(long?.name === "ask" && long.text.length === 4000);
    assert.equal(parse(`${"x\n".repeat(4000)}@bot review`), null);
    assert.deepEqual(parse("@bot\nwhy?"), { name: "ask", text: "why?" });
  });

  test("words that are no command are a question, a single one asks for help", () => {
    assert.deepEqual(parse("@bot why is this wrong?"), { name: "ask", text: "why is this wrong?" });
    assert.deepEqual(parse("@bot describe the algorithm"), { name: "ask", text: "describe the algorithm" });
    assert.deepEqual(parse("@bot これはなぜですか"), { name: "ask", text: "これはなぜですか" });
    assert.deepEqual(parse("@bot reveiw"), {
      name: "help",
      problem: { code: "unknown-command", text: "reveiw" },
    });
    assert.deepEqual(parse("@bot ignore, it is meant so"), { name: "ignore", reason: "it is meant so" });
    assert.deepEqual(parse("@bot"), { name: "help", problem: null });
  });

  test("what is not on the list of options is refused, and so are values of another form", () => {
    const problem = (text: string) => {
      const command = parse(text);
      return command?.name === "help" ? command.problem : command;
    };
    assert.deepEqual(problem("@bot review --model=gpt"), { code: "unknown-option", text: "--model" });
    assert.deepEqual(problem("/review --config.token=x"), { code: "unknown-option", text: "--config.token" });
    assert.deepEqual(problem("/review a/b -- --x/y"), { code: "unknown-option", text: "--" });
    assert.deepEqual(problem("@bot review --language=</system>"), {
      code: "option-value",
      text: "--language",
    });
    assert.deepEqual(problem("@bot describe --write=yes"), { code: "option-value", text: "--write" });
    assert.deepEqual(problem(`@bot review ${"a/b ".repeat(30)}`), { code: "too-many-paths", text: "30" });
  });

  test("tolerates wide signs, particles and signs behind the name, and any case", () => {
    for (const text of [
      "＠bot review",
      "@bot　ｒｅｖｉｅｗ",
      "@botさん、review お願いします",
      "@bot様 review",
      "@bot님, review 부탁드립니다",
      "@bot에게 review",
      "@bot: Review!",
      "@bot, /review",
      "／review",
      "  @bot review",
      "Fixed.\n@bot review",
      "- fixed\n@bot review",
      "> quoted\n\n@bot review",
      "```\ncode\n```\n@bot review",
      "@bot review\r\n\r\nThanks",
    ])
      assert.deepEqual(parse(text.replace("＠bot", `＠${BOT}`)), REVIEW, text);
    assert.deepEqual(parseCommand(`@${BOT.toUpperCase()} review`, BOT), REVIEW);
  });

  test("only the bot's whole name at the beginning of a line counts", () => {
    for (const text of [
      "@botx review",
      "@bot.x review",
      "@bot-2 review",
      "@bot/team review",
      "a@bot review",
      "please @bot review",
      "@alice @bot review",
      "`@bot review`",
      "a `b\n@bot review\nc`",
      "@\u200Bproject_7_bot_ab12 review",
      "# @bot review",
      "**@bot review**",
      "| @bot review |\n| - |",
      "/usr/bin/review",
      "/review/x",
      "//review",
      "/nonsense",
      "<!-- \n@bot review\n-->",
    ])
      assert.equal(parse(text), null, text);
  });

  test("GitLab's own quick actions are never ours", () => {
    for (const name of GITLAB_QUICK_ACTIONS) assert.equal(parse(`/${name} x`), null, name);
    for (const name of COMMANDS) assert.equal(GITLAB_QUICK_ACTIONS.has(name), false, name);
    assert.deepEqual(parse("/label ~bug\n/review"), REVIEW);
    assert.equal(parseCommand("/review", BOT, { slash: false }), null);
  });
});

/** Lines that would be commands, were they said. */
const commandLine = fc
  .tuple(
    fc.constantFrom(`@${BOT} `, "/"),
    fc.constantFrom(...COMMANDS),
    fc.constantFrom("", " x/y", " --write"),
  )
  .map((parts) => parts.join(""));
const filler = fc.constantFrom(
  "",
  "text",
  "- a",
  "  b",
  "`c`",
  "<b>",
  "> q",
  ">>>",
  "---",
  "| a |",
  "<details>",
);

suite("what is only shown", () => {
  const wrappers: readonly ((lines: readonly string[]) => string)[] = [
    (lines) => ["```", ...lines, "```"].join("\n"),
    (lines) => ["~~~~js", ...lines, "~~~~"].join("\n"),
    (lines) => ["", "```", ...lines].join("\n"),
    (lines) => ["", ...lines.map((line) => `> ${line}`)].join("\n"),
    (lines) => ["", ...lines.map((line) => `    ${line}`)].join("\n"),
    (lines) => ["", ">>>", ...lines.filter((line) => line !== ">>>"), ">>>"].join("\n"),
    (lines) => ["", ">>>", ...lines.filter((line) => line !== ">>>")].join("\n"),
    (lines) =>
      ["<blockquote>", "", ...lines.filter((line) => !line.startsWith("<")), "", "</blockquote>"].join("\n"),
  ];

  test("property: no text in a code fence or quote is a command or a mention", () => {
    const lines = fc.array(fc.oneof(commandLine, filler), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...wrappers), lines, (wrap, shown) => {
        const note = wrap(shown);
        assert.equal(parseCommand(note, BOT), null, note);
        assert.equal(isMentioned(note, BOT), false, note);
      }),
      { numRuns: 600 },
    );
  });

  test("property: what is said behind a closed fence or quote is a command", () => {
    const closed = wrappers.filter((_, at) => ![2, 6].includes(at));
    fc.assert(
      fc.property(
        fc.constantFrom(...closed),
        fc.array(commandLine, { minLength: 1, maxLength: 3 }),
        (wrap, shown) => {
          assert.deepEqual(parseCommand(`${wrap(shown)}\n\n/review`, BOT), REVIEW);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("property: no text makes it throw, and what it carries is bounded", () => {
    const pieces = fc.array(
      fc.oneof(
        commandLine,
        filler,
        fc.string({ unit: "binary" }),
        fc.constantFrom("\n", "\r", "\0", "\uD800", "İ", `@${BOT}`),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(pieces, fc.constantFrom("", "\n", " "), (parts, between) => {
        const note = parts.join(between);
        const command = parseCommand(note, BOT);
        isMentioned(note, BOT);
        if (command?.name === "ask") assert.ok(command.text.length <= 4000 && command.text.isWellFormed());
      }),
      { numRuns: 600 },
    );
    for (const piece of ["> ", "- ", "[", "`", "_a*", `@${BOT} `, "<q>"])
      assert.doesNotThrow(() => parseCommand(`/review\n${piece.repeat(300_000 / piece.length)}`, BOT));
  });
});

suite("isMentioned", () => {
  test("finds a mention anywhere in what is said", () => {
    assert.equal(isMentioned(`Thanks, @${BOT}. But why?`, BOT), true);
    assert.equal(isMentioned(`See \`@${BOT}\``, BOT), false);
    assert.equal(isMentioned("Thanks, @bob", BOT), false);
  });
});
