import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { browserCommand } from "../../../src/cli/demo/open-browser.ts";
import { readDiffRows } from "../../../src/cli/demo/page/diff-rows.ts";
import { html } from "../../../src/cli/demo/page/markup.ts";
import { renderMarkdown } from "../../../src/cli/demo/page/markdown.ts";
import { applySuggestion, findSuggestion } from "../../../src/cli/demo/page/suggestion.ts";

const shown = async (markdown: string): Promise<string> =>
  String(await html`${renderMarkdown(markdown)}`).replaceAll(/>\s*\n\s*</g, "><");

describe("the Markdown of the demo's page", () => {
  it("shows what a review is written in", async () => {
    assert.equal(
      await shown("<!-- reviewflow:x -->\n**Major** `a < b`"),
      "<p><strong>Major</strong> <code>a &lt; b</code></p>",
    );
    assert.match(await shown("| a | b |\n| - | - |\n| 1 | 2 |"), /<th scope="col">a<\/th>.*<td>2<\/td>/);
    assert.match(
      await shown("<details>\n<summary>More</summary>\n\ntext\n\n</details>"),
      /^<details>\s*<summary>More<\/summary><p>text<\/p><\/details>$/,
    );
  });

  it("lets no note run a script, fetch a picture, lead to one, or reach beyond itself", async () => {
    const written = await shown(
      '<img src=x onerror=alert(1)>\n\n![p](http://evil/x.png) [l](javascript:alert(1)) <a href="x">y</a>\n\n<details open onclick=x>\n\n</details></div>',
    );
    assert.doesNotMatch(written, /<(?:img|a|div|script)\b|<\/div>|<details/);
    assert.match(await shown("</details>"), /^&lt;\/details&gt;$/);
    assert.match(
      await shown("[here](https://example.com)"),
      /<a href="https:\/\/example.com" rel="noreferrer">here<\/a>/,
    );
  });
});

describe("suggestions on the demo's page", () => {
  const file = "one\ntwo\nthree\nfour\n";

  it("replaces the lines that GitLab's syntax names", () => {
    const suggestion = findSuggestion("Say:\n\n```suggestion:-1+0\nTWO\nTHREE\n```\n");
    assert.deepEqual(suggestion, { above: 1, below: 0, lines: ["TWO", "THREE"] });
    assert.equal(suggestion && applySuggestion(file, 3, suggestion), "one\nTWO\nTHREE\nfour\n");
  });

  it("takes lines away, and touches none that are not there", () => {
    const empty = findSuggestion("```suggestion\n```");
    assert.equal(empty && applySuggestion(file, 2, empty), "one\nthree\nfour\n");
    assert.equal(applySuggestion(file, 1, { above: 1, below: 0, lines: ["x"] }), null);
    assert.equal(findSuggestion("```js\nsuggestion\n```"), null);
  });
});

describe("the demo's page", () => {
  it("numbers the lines of both sides", () => {
    assert.deepEqual(readDiffRows("@@ -2,2 +5,2 @@ f\n a\n-b\n+c\n\\ No newline at end of file\n"), [
      { kind: "hunk", text: "@@ -2,2 +5,2 @@ f" },
      { kind: "same", oldLine: 2, newLine: 5, text: "a" },
      { kind: "removed", oldLine: 3, newLine: null, text: "b" },
      { kind: "added", oldLine: null, newLine: 6, text: "c" },
    ]);
  });

  it("opens a browser only where somebody can see it", () => {
    const url = "http://127.0.0.1:1/";
    assert.equal(browserCommand(url, "linux", {}), null);
    assert.equal(browserCommand(url, "darwin", { SSH_CONNECTION: "a b" }), null);
    assert.deepEqual(browserCommand(url, "linux", { DISPLAY: ":0" }), {
      command: "xdg-open",
      parameters: [url],
    });
    assert.deepEqual(browserCommand(url, "darwin", {}), { command: "open", parameters: [url] });
    assert.equal(browserCommand(url, "win32", {})?.command, "cmd");
  });
});
