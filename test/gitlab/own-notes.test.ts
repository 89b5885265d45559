import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { REF, setUpForge } from "./forge-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const MARKED = "<!-- reviewflow:thread flow=review id=x -->\nA finding";
const US = { id: 42, username: "project_7_bot_x" };
const user = (id: number, username: string, bot?: boolean) => ({ id, username, bot });
type Author = ReturnType<typeof user>;

const FORMER = user(50, "project_7_bot_0123abcd", true);

/** How the first note of a thread by `author` is known to be ours. */
const proofOf = async (
  author: Author,
  body = MARKED,
  more: { kept?: readonly number[]; system?: boolean } = {},
) => {
  const note = (id: number) => ({
    id,
    body,
    system: more.system ?? false,
    author: { id: author.id, username: author.username },
  });
  await using gitlab = await setUpForge(
    {
      "GET /discussions": (_, response) =>
        answer(response, 200, [
          { id: "d1", individual_note: false, notes: [note(1)] },
          { id: "d2", individual_note: false, notes: [note(2)] },
        ]),
      [`GET /api/v4/users/${author.id}`]: (_, response) =>
        author.bot === undefined
          ? answer(response, 404, { message: "404 User Not Found" })
          : answer(response, 200, author),
      "GET /api/v4/groups/3": (_, response) => answer(response, 200, { id: 3, full_path: "Group" }),
      "GET /api/v4/groups/4": (_, response) => answer(response, 200, { id: 4, full_path: "gro" }),
    },
    { registry: { list: async () => new Set(more.kept ?? []), add: async () => undefined } },
  );
  const [first] = await gitlab.forge.fetchDiscussions(REF);
  return {
    proof: first?.notes[0]?.ours,
    calls: gitlab.server.seen.length - gitlab.count("GET /discussions") - gitlab.count("GET /api/v4/user"),
  };
};

describe("whether a note is ours", () => {
  const cases: readonly [string, Author, string, object, "id" | "author" | null, number][] = [
    ["we wrote it", user(US.id, US.username, true), "Without a marker", {}, "author", 0],
    ["its id was kept, whoever wrote it", user(60, "ghost"), "Anything", { kept: [1] }, "id", 0],
    ["its id was kept, and we wrote it", user(US.id, US.username, true), MARKED, { kept: [1] }, "id", 0],
    ["a former bot of the project wrote it", FORMER, MARKED, {}, "author", 1],
    ["one of the oldest form of that name", user(50, "project_7_bot2", true), MARKED, {}, "author", 1],
    ["a bot of a group above wrote it", user(50, "group_3_bot_0123", true), MARKED, {}, "author", 3],
    ["another program with a token of the project wrote it", FORMER, "Build failed", {}, null, 0],
    ["that program quotes us", FORMER, `Quote:\n${MARKED}`, {}, null, 0],
    ["GitLab wrote it", user(US.id, US.username, true), MARKED, { system: true, kept: [1] }, null, 0],
    ["a member copied the marker", user(9, "ada", false), MARKED, {}, null, 0],
    ["a person took the name of a bot", user(9, "project_7_bot_0123abcd", false), MARKED, {}, null, 1],
    ["one of whom GitLab does not say that it is a bot", user(9, "project_7_bot_01"), MARKED, {}, null, 1],
    ["a bot of another project wrote it", user(9, "project_8_bot_0123", true), MARKED, {}, null, 1],
    ["a bot of another group wrote it", user(9, "group_4_bot_0123", true), MARKED, {}, null, 3],
    ["a bot of a group that we do not see wrote it", user(9, "group_5_bot_0123", true), MARKED, {}, null, 2],
    ["a service account wrote it", user(9, "service_account_project_7_ab", true), MARKED, {}, null, 0],
    [
      "GitLab's ghost has it and we did not keep its id",
      user(9, "ghost", false),
      MARKED,
      { kept: [3] },
      null,
      0,
    ],
  ];
  for (const [name, author, body, more, expected, calls] of cases)
    test(`${expected === null ? "no" : "yes"}: ${name}`, async () => {
      assert.deepEqual(await proofOf(author, body, more), { proof: expected, calls });
    });

  test("GitLab is asked once about a former bot, and again when it could not say", async () => {
    const note = { id: 1, body: MARKED, system: false, author: FORMER };
    await using gitlab = await setUpForge({
      "GET /discussions": (_, response) =>
        answer(response, 200, [{ id: "d", individual_note: false, notes: [note] }]),
      "GET /api/v4/users/50": (_, response, number) =>
        number <= 2 ? answer(response, 500, {}) : answer(response, 200, FORMER),
    });
    await assert.rejects(gitlab.forge.fetchDiscussions(REF));
    for (const _ of [1, 2])
      assert.equal((await gitlab.forge.fetchDiscussions(REF))[0]?.notes[0]?.ours, "author");
    assert.equal(gitlab.count("GET /api/v4/users/50"), 3);
  });
});
