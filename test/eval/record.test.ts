import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type RecordCommandOptions, runRecord } from "../../src/cli/eval/record.ts";
import { anonymise, maskHunks } from "../../src/eval/record/anonymise.ts";
import { readSet } from "../../src/eval/set/read-set.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project, User } from "../../standins/gitlab/state.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { createEvalFolder } from "./eval-folder.ts";
import { english as t, saying } from "../messages/saying.ts";

// Put together here, so that no scanner takes this file for a leak.
const SECRET = ["glpat", "Ab3dEf6hIj9kLm2nOp5q"].join("-");

const BEFORE = "one\ntwo\nthree\nfour\nfive\n";
const REVIEWED = `one\ntwo and a half\nthree\n${SECRET}\nfour\nfive\nsix\n`;
const MENDED = "one\ntwo\nthree\nfour\nfive\nsix\n";

type World = {
  readonly gitlab: GitLabStandIn;
  readonly project: Project;
  readonly people: Readonly<Record<"author" | "reviewer", User>>;
  readonly token: string;
};

/** Says something about a line of the newest version. */
const say = async (
  { gitlab }: World,
  mergeRequest: MergeRequest,
  user: User,
  body: string,
  line: { readonly new_line?: number; readonly old_line?: number },
): Promise<string> => {
  const version = mergeRequest.versions.at(-1);
  assert.ok(version !== undefined);
  const said = await gitlab.addNote(mergeRequest, user, {
    body,
    thread: {
      base_sha: version.base,
      start_sha: version.start,
      head_sha: version.head,
      position_type: "text",
      old_path: "list.txt",
      new_path: "list.txt",
      ...line,
    },
  });
  assert.ok(said !== null);
  return said.discussion.id;
};

/** A merge request that reviewers looked at, that was mended and merged. */
const openWorld = async (): Promise<World> => {
  const gitlab = await startGitLabStandIn();
  const owner = gitlab.createUser({ username: "olga" });
  const author = gitlab.createUser({ username: "ada.lovelace", name: "Ada Lovelace" });
  const reviewer = gitlab.createUser({ username: "grace.hopper", name: "Grace Hopper" });
  const project = await gitlab.createProject({ path: "olga/lists", owner, files: { "list.txt": BEFORE } });
  for (const user of [author, reviewer]) gitlab.addMember(project, user, "developer");
  const bot = gitlab.createProjectToken(project, { role: "developer" });
  const world = { gitlab, project, people: { author, reviewer }, token: bot.token };
  const push = (branch: string, content: string): Promise<string> =>
    gitlab.push(project, { branch, user: author, actions: [{ action: "write", path: "list.txt", content }] });
  await push("work", REVIEWED);
  const first = await gitlab.openMergeRequest(project, {
    author,
    sourceBranch: "work",
    title: "Make the list longer for @grace.hopper",
    description: `It was short, says @olga (olga@example.com).\n\nToken: ${SECRET}\n\nCo-authored-by: Grace Hopper <grace@example.com>`,
  });
  await say(world, first, reviewer, "@ada.lovelace halves do not belong here, see `@Override`", {
    new_line: 2,
  });
  const kept = await say(world, first, reviewer, "Is six needed?", { new_line: 7 });
  await say(world, first, author, "I tried this out", { new_line: 1, old_line: 1 });
  await say(world, first, reviewer, "Nice, leave it", { new_line: 1, old_line: 1 });
  await say(world, first, reviewer, "<!-- reviewflow:thread --> with our hidden line", { new_line: 4 });
  await say(world, first, bot.user, "<!-- reviewflow:thread --> from a bot", { new_line: 2 });
  gitlab.resolve(first, author, kept);
  await push("work", MENDED);
  await gitlab.mergeMergeRequest(first, owner);
  await push("quiet", `${BEFORE}seven\n`);
  const second = await gitlab.openMergeRequest(project, { author, sourceBranch: "quiet", title: "Seven" });
  await gitlab.mergeMergeRequest(second, owner);
  return world;
};

describe("recording a set from GitLab", () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.gitlab.close());

  const record = async (set: string, options: RecordCommandOptions = {}, project = "olga/lists") => {
    const terminal = recordedTerminal();
    const environment = { GITLAB_URL: world.gitlab.url, GITLAB_TOKEN: world.token };
    const code = await runRecord(project, set, { environment, ...terminal, ...options });
    return { code, out: terminal.out(), err: terminal.err() };
  };

  it("takes what reviewers found from the version that they looked at", async () => {
    await using folder = await createEvalFolder();
    const { code, out, err } = await record(folder.path);
    assert.equal(code, 0, err);
    assert.equal(out, `${t("cli.eval.recorded-all", { written: 1, findings: 2, present: 0 })}\n`);
    const reason = t("eval.record.nothing-resolved");
    assert.ok(err.includes(`${t("cli.eval.nothing", { iid: 2, reason })}\n`));
    const [found] = (await readSet(folder.path)).cases;
    assert.equal(found?.name, "lists-1");
    assert.deepEqual(
      found?.expected.map(({ path, lines, side, text }) => [path, lines, side, text]),
      [
        ["list.txt", { first: 2, last: 2 }, "new", "@someone halves do not belong here, see `@Override`"],
        // Whoever copies our hidden line is no less a reviewer.
        ["list.txt", { first: 4, last: 4 }, "new", "<!-- reviewflow:thread --> with our hidden line"],
      ],
    );
    assert.equal(found?.changedLines, 4);
  });

  it("keeps no name of anybody and no secret", async () => {
    await using folder = await createEvalFolder();
    await record(folder.path);
    const files = ["case.yml", "change.diff"].map((name) =>
      readFile(join(folder.path, "lists-1", name), "utf8"),
    );
    const text = (await Promise.all(files)).join("\n");
    assert.match(text, /Make the list longer for @someone/);
    assert.match(text, /^\+\[masked: [a-z-]+\]$/m);
    for (const name of ["ada", "grace", "olga", "hopper", SECRET, world.token])
      assert.ok(!text.toLowerCase().includes(name.toLowerCase()), name);
  });

  it("leaves cases alone that are there, so that they can be mended by hand", async () => {
    await using folder = await createEvalFolder();
    await record(folder.path);
    const { out } = await record(folder.path);
    assert.equal(out, `${t("cli.eval.recorded-all", { written: 0, findings: 0, present: 1 })}\n`);
  });

  it("ends with 1 where nothing was found and with 2 where nothing can be read", async () => {
    await using folder = await createEvalFolder();
    assert.equal((await record(folder.path, { since: "2999-01-01" })).code, 1);
    for (const [options, project, expected] of [
      [{ since: "yesterday", limit: "none" }, "olga/lists", ["cli.eval.since", "cli.usage.whole-number"]],
      [{ environment: {} }, "olga/lists", ["cli.eval.url-missing", "cli.eval.env-token-missing"]],
      [{}, "olga/none", []],
    ] as const) {
      const { code, err } = await record(folder.path, options, project);
      assert.equal(code, 2);
      for (const message of expected) assert.match(err, saying(message));
      assert.ok(!err.includes(world.token));
    }
  });
});

describe("taking names and secrets out", () => {
  it("knows mentions, addresses and trailers, and leaves code alone", () => {
    const text =
      "Hi @ada.lovelace, ask @team/core (core@example.com).\n\n`@Test` stays\n\nReviewed-by: Grace\nemail@host stays";
    assert.equal(
      anonymise(text),
      "Hi @someone, ask @someone ([address]).\n\n`@Test` stays\n\n\nemail@host stays",
    );
  });

  it("keeps every line of a diff in its place, a private key over many lines too", () => {
    const key = [
      "-----BEGIN PRIVATE KEY-----",
      "MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3",
      "-----END PRIVATE KEY-----",
    ];
    const hunk = `@@ -1 +1,4 @@\n one\n${key.map((line) => `+${line}`).join("\n")}\n`;
    const lines = maskHunks(hunk).split("\n");
    assert.equal(lines.length, hunk.split("\n").length);
    assert.deepEqual(
      lines.map((line) => line.slice(0, 1)),
      hunk.split("\n").map((line) => line.slice(0, 1)),
    );
    assert.ok(!lines.join("\n").includes("MIIBVgIBADANBgkqhkiG9w0BAQ"));
  });
});
