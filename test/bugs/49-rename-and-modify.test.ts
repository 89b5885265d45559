import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitLabWorld } from "./gitlab-world.ts";

const LINES = Array.from({ length: 20 }, (_, line) => `line ${line + 1}`);
const CHANGED = LINES.toSpliced(9, 1, "changed").toSpliced(4, 1);

/** A finding by what it quotes. */
const finding = (title: string, quote: string, side: "new" | "old", path = "src/new-name.txt") => ({
  path,
  side,
  quote,
  severity: "major",
  category: "bug",
  confidence: 0.9,
  title,
  body: "A remark.",
});

test("findings on added, removed and unchanged lines of a renamed file stand where they are meant", async () => {
  const findings = [
    finding("The added line is wrong", "changed", "new"),
    finding("The removed line was needed", "line 5", "old"),
    finding("The unchanged line no longer fits", "line 8", "new"),
  ];
  await using world = await startGitLabWorld(
    { "src/old-name.txt": `${LINES.join("\n")}\n` },
    { model: { script: () => JSON.stringify({ overview: "A file is renamed.", findings }) } },
  );
  const mergeRequest = await world.open([
    { action: "rename", from: "src/old-name.txt", to: "src/new-name.txt" },
    { action: "write", path: "src/new-name.txt", content: `${CHANGED.join("\n")}\n` },
  ]);
  const [run] = await world.runs(mergeRequest);
  assert.ok(run?.state === "succeeded" || run?.state === "partial-succeeded", JSON.stringify(run?.reason));
  const { threads } = await world.said(mergeRequest);
  assert.deepEqual(threads.map(({ place }) => place).toSorted(), [
    "src/new-name.txt:+9",
    "src/new-name.txt:-5",
    "src/new-name.txt:8/7",
  ]);
  assert.deepEqual(world.gitlab.failures, []);
});

test("of a file in the place of a link GitLab shows the link's end alone: a finding in the file is told in the summary", async () => {
  const path = "src/a.js";
  const code = "for (let i = 0; i <= list.length; i += 1) use(list[i]);";
  const findings = [
    finding("The link was needed", "../shared/a.js", "old", path),
    finding("The loop reads one too many", code, "new", path),
  ];
  const script = () => JSON.stringify({ overview: "A link becomes a file.", findings });
  await using world = await startGitLabWorld({}, { model: { script } });
  const { gitlab, team } = world;
  await gitlab.push(team.project, {
    branch: "main",
    user: team.owner,
    actions: [{ action: "write", path, content: "../shared/a.js", mode: "120000" }],
  });
  const mergeRequest = await world.open([{ action: "write", path, content: `${code}\n`, mode: "100644" }]);
  const [run] = await world.runs(mergeRequest);
  assert.equal(run?.state, "succeeded", JSON.stringify(run?.reason));
  const { threads, summaries } = await world.said(mergeRequest);
  assert.deepEqual(
    threads.map(({ place }) => place),
    ["src/a.js:-1"],
  );
  assert.ok(summaries[0]?.includes("The loop reads one too many"));
  assert.deepEqual(gitlab.failures, []);
});
