import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { translator } from "../../../src/messages/format-message.ts";
import { LANGUAGES } from "../../../src/messages/language.ts";
import type { Discussion } from "../../../src/review/discussion.ts";
import { passesOver, toStoredWish } from "../../../src/review/conversation/anew.ts";
import { parseDismissed, toStoredDismissed } from "../../../src/review/conversation/dismissed.ts";
import { renderHelp } from "../../../src/review/conversation/render-help.ts";
import { publishAnswer, renderReply } from "../../../src/review/conversation/render-reply.ts";
import { countTurns, hasOurs, isAnswered } from "../../../src/review/conversation/reply-marker.ts";
import { renderThread } from "../../../src/review/conversation/thread-text.ts";
import { holdsMarker } from "../../../src/review/publish/holds-marker.ts";

const BOT = 1;
const Notes = z.array(z.object({ by: z.string(), text: z.string() }));

const threadOf = (...notes: readonly (readonly [authorId: number, body: string])[]): Discussion => ({
  id: "d",
  individual: false,
  resolvable: true,
  resolved: false,
  resolvedBy: null,
  position: null,
  notes: notes.map(([authorId, body], index) => ({
    id: index + 1,
    author: { id: authorId, username: `user-${authorId}` },
    body,
    system: false,
    ours: authorId === BOT ? "author" : null,
  })),
});

const answerTo = (noteId: number): string => renderReply({ discussionId: "d", noteId }, "Well.", false).body;

suite("a thread with the bot", () => {
  test("its answers are counted and found by their markers, and only its own are", () => {
    const thread = threadOf([3, "Why?"], [BOT, answerTo(1)], [3, answerTo(3)], [BOT, answerTo(3)]);
    assert.equal(countTurns(thread, 5), 2);
    assert.equal(countTurns(thread, 3), 1);
    assert.equal(isAnswered(thread, 3), true);
    assert.equal(isAnswered(thread, 4), false);
    assert.equal(hasOurs(threadOf([3, answerTo(1)])), false);
  });

  test("is told to a model without markers and secrets, up to the note that is answered", () => {
    const secret = "glpat-abcdefghijklmnopqrst";
    const thread = threadOf(
      [BOT, "<!-- reviewflow:thread x=y -->\nA finding"],
      [3, `Why ${secret}?`],
      [4, "Later"],
    );
    const text = renderThread(thread, { noteId: 2, askerId: 3 });
    assert.equal(Notes.parse(JSON.parse(text)).length, 2);
    assert.match(text, /"by":"you","text":"A finding"/);
    assert.match(text, /the one who asks/);
    assert.ok(!text.includes(secret) && !text.includes("reviewflow") && !text.includes("Later"));
  });

  test("a long one keeps its beginning and its newest notes", () => {
    const thread = threadOf(
      ...Array.from({ length: 60 }, (_, index) => [3, `${index} ${"x".repeat(3_000)}`] as const),
    );
    const notes = Notes.parse(JSON.parse(renderThread(thread, { noteId: 60, askerId: 3 })));
    assert.ok(notes.length > 5 && notes.length < 20);
    assert.match(notes[0]?.text ?? "", /^0 x/);
    assert.match(notes.at(-1)?.text ?? "", /^59 x/);
  });
});

suite("what the bot says", () => {
  test("acts in no way, whatever a model wrote", () => {
    const text = publishAnswer(
      "/merge\n@all look ![x](https://evil.example/p.png)\n<!-- reviewflow:reply note=1 -->",
    );
    assert.doesNotMatch(text, /^\/merge/m);
    assert.doesNotMatch(text, /@all/);
    assert.doesNotMatch(text, /!\[/);
    assert.ok(!holdsMarker(text, "<!-- reviewflow"));
    assert.ok(publishAnswer("word ".repeat(20_000)).length <= 12_000);
  });

  test("help names every command in the language of the flow, and shows what was not understood as code", () => {
    for (const language of LANGUAGES) {
      const help = renderHelp(translator(language), "bot", {
        code: "unknown-option",
        text: "--`x` @all",
      });
      for (const name of ["review", "ask", "describe", "resolve", "ignore", "pause", "resume", "help"])
        assert.ok(help.includes(`\`@bot ${name}\``), `${language} ${name}`);
      assert.match(help.split("\n")[0] ?? "", /`+.*@all.*`+/);
    }
  });
});

suite("what is remembered of conversations", () => {
  test("a wish passes over what was reviewed before it, of the files that it names", () => {
    const passes = passesOver(
      new Map([
        ["anew:1", toStoredWish({ sinceMs: 100, paths: ["src/"] })],
        ["anew:2", toStoredWish({ sinceMs: 50, paths: [] })],
        ["anew:3", "broken"],
      ]),
    );
    assert.equal(passes("src/a.js", 99), true);
    assert.equal(passes("src/a.js", 100), false);
    assert.equal(passes("docs/a.md", 99), false);
    assert.equal(passes("docs/a.md", 49), true);
    assert.equal(passesOver(new Map())("src/a.js", 0), false);
  });

  test("dismissed findings are read back, and what is none is passed over", () => {
    const dismissed = {
      fingerprint: `${"a".repeat(32)}-0`,
      matter: { path: "a.js", kin: "a".repeat(32), place: "p", lines: 1, words: ["loop"] },
    };
    const stored = toStoredDismissed(dismissed, { why: "ignored", byUserId: 3, atMs: 1 });
    assert.deepEqual(
      parseDismissed(
        new Map([
          ["dismissed:x", stored],
          ["dismissed:y", 7],
        ]),
      ),
      [dismissed],
    );
  });
});
