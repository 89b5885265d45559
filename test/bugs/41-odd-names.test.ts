import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

const NAMES = [
  "with blank.js",
  " leading blank.js",
  "two  blanks.js",
  "日本語.js",
  "한국어.js",
  "emoji-🚀.js",
  "é-composed.js",
  "a#b.js",
  "100%.js",
  "a%2Fb.js",
  "a?b=c&d.js",
  'double"quote.js',
  "single'quote.js",
  "back`tick.js",
  "back\\slash.js",
  "line\nfeed.js",
  "tab\there.js",
  "-leading-dash.js",
  "<b>markup</b>.js",
  "[link](x).js",
  "*star*_under_.js",
  "a:b;c|d$e.js",
].map((name) => `src/${name}`);

test("a finding in a file of any name stands in that file", async () => {
  const findings = NAMES.map((path, at) => ({
    path,
    quote: `wrong(${at});`,
    severity: "major",
    category: "bug",
    confidence: 0.9,
    title: `Call number ${at} is wrong`,
    body: "A remark.",
  }));
  await using world = await startGitLabWorld(
    {},
    {
      model: {
        script: ({ messages }) => {
          const shown = JSON.stringify(messages);
          return JSON.stringify({
            overview: "Files with names.",
            findings: findings.filter(({ quote }) => shown.includes(quote)),
          });
        },
      },
    },
  );
  // Fewer a merge request than a review has threads by default.
  for (const part of [NAMES.slice(0, 8), NAMES.slice(8, 15), NAMES.slice(15)]) {
    const mergeRequest = await world.open(
      part.map((path) => {
        const content = `right();\nwrong(${NAMES.indexOf(path)});\n`;
        return { action: "write", path, content } as const;
      }),
    );
    const [run] = await world.runs(mergeRequest);
    assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
    const { threads } = await world.said(mergeRequest);
    assert.equal(threads.length, part.length);
    assert.deepEqual(
      new Map(threads.map(({ place, body }) => [place, /Call number (\d+)/.exec(body)?.[1]])),
      new Map(part.map((path) => [`${path}:+2`, String(NAMES.indexOf(path))])),
    );
  }
  assert.deepEqual(world.gitlab.quickActions, []);
  assert.deepEqual(world.gitlab.failures, []);
});
