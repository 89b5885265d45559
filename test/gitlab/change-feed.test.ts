import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { createChangeFeed } from "../../src/gitlab/change-feed.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import type { FeedCursor, FeedPlace, ListedMergeRequest } from "../../src/review/change-feed.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { setUpClient } from "./client-setup.ts";
import { answer } from "./tiny-gitlab.ts";

/** A GitLab with two projects of a group, and one elsewhere that the bot is no member of. */
const setUp = async () => {
  const gitlab = await startGitLabStandIn();
  const owner = gitlab.createUser({ username: "owner" });
  const create = (path: string, visibility: "private" | "public" = "private") =>
    gitlab.createProject({ path, owner, visibility, files: { "a.txt": "a\n" } });
  const [shop, api] = [await create("team/shop"), await create("team/sub/api")];
  const elsewhere = await create("other/public", "public");
  const { token, user: bot } = gitlab.createProjectToken(shop);
  gitlab.addMember(api, bot, "developer");
  const client = createGitLabClient({ url: gitlab.url, token: new Secret(token) });
  const open = async (project: typeof shop, branch: string) => {
    const actions = [{ action: "write", path: `${branch}.txt`, content: "b\n" }] as const;
    await gitlab.push(project, { branch, user: owner, actions });
    gitlab.advanceTime(60_000);
    return gitlab.openMergeRequest(project, {
      author: owner,
      sourceBranch: branch,
      labels: ["bug"],
      reviewers: [bot],
    });
  };
  return { gitlab, feed: createChangeFeed(client), shop, api, elsewhere, owner, bot, open };
};

suite("the feed of changes, against GitLab", () => {
  test("lists the projects that the token may review, with their topmost group", async () => {
    const { gitlab, feed, shop, api, bot, elsewhere } = await setUp();
    await using _ = gitlab;
    assert.deepEqual(await feed.listProjects(), [
      { id: shop.id, path: "team/shop", group: "team" },
      { id: api.id, path: "team/sub/api", group: "team" },
    ]);
    gitlab.addMember(elsewhere, bot, "guest");
    api.archived = true;
    assert.deepEqual(
      (await feed.listProjects()).map(({ id }) => id),
      [shop.id],
    );
  });

  test("lists open merge requests that changed within a span of time", async () => {
    const { gitlab, feed, shop, open } = await setUp();
    await using _ = gitlab;
    const first = await open(shop, "first");
    const second = await open(shop, "second");
    const quiet = async (from: number, until: number) => {
      const place = { kind: "project", id: shop.id } as const;
      return (await feed.listQuiet(place, { from, until }, null)).mergeRequests.map(({ iid }) => iid);
    };
    const [firstMs, secondMs] = [first.updatedAt, second.updatedAt].map((at) => new Date(at).getTime());
    assert.ok(firstMs !== undefined && secondMs !== undefined);
    assert.deepEqual(await quiet(firstMs - 1_000, secondMs - 1_000), [first.iid]);
    assert.deepEqual(await quiet(firstMs + 1_000, secondMs + 1_000), [second.iid]);
    assert.deepEqual(await quiet(0, 1_000), []);
  });

  test("lists open changes of a project or a group since a time, the oldest change first", async () => {
    const { gitlab, feed, shop, api, owner, bot, open } = await setUp();
    await using _ = gitlab;
    const first = await open(shop, "first");
    const second = await open(api, "second");
    const third = await open(shop, "third");
    await gitlab.closeMergeRequest(await open(shop, "closed"), owner);
    gitlab.advanceTime(60_000);
    const sha = await gitlab.push(shop, {
      branch: "first",
      user: owner,
      actions: [{ action: "write", path: "first.txt", content: "c\n" }],
    });
    const list = async (place: FeedPlace, since: string): Promise<readonly ListedMergeRequest[]> =>
      (await feed.listChanges(place, Date.parse(since), null)).mergeRequests;
    const titles = async (place: FeedPlace, since: string) =>
      (await list(place, since)).map(({ title }) => title);
    const group = { kind: "group", path: "team" } as const;
    const project = { kind: "project", id: shop.id } as const;
    assert.deepEqual(await titles(group, second.updatedAt), ["Merge second", "Merge third", "Merge first"]);
    assert.deepEqual(await titles(group, first.updatedAt), ["Merge first"]);
    assert.deepEqual(await titles(project, second.updatedAt), ["Merge third", "Merge first"]);
    assert.deepEqual((await list(project, third.updatedAt)).at(-1), {
      project: { id: shop.id, path: "team/shop", webUrl: `${gitlab.url}/team/shop` },
      iid: first.iid,
      state: "opened",
      draft: false,
      title: "Merge first",
      description: "",
      url: `${gitlab.url}/team/shop/-/merge_requests/${first.iid}`,
      author: { id: owner.id, username: "owner" },
      sourceBranch: "first",
      targetBranch: "main",
      sourceProjectId: shop.id,
      headSha: sha,
      labels: ["bug"],
      reviewerIds: [bot.id],
      updatedAtMs: Date.parse(first.updatedAt),
    });
  });

  test("refuses a group that the token does not see", async () => {
    const { gitlab, feed } = await setUp();
    await using _ = gitlab;
    await assert.rejects(feed.listChanges({ kind: "group", path: "nobodys" }, 0, null), {
      code: "gitlab-not-found",
    });
  });
});

test("a page leads to the next as GitLab names it, and each is one call", async () => {
  const entry = { iid: 1, project_id: 7, state: "opened", web_url: "https://g/a/b/-/merge_requests/1" };
  const queries: string[] = [];
  await using tiny = await setUpClient(({ url }, response, number) => {
    queries.push(url);
    const body = [{ ...entry, updated_at: "2026-11-24T08:00:00.000Z" }];
    answer(response, 200, body, { "x-next-page": number < 3 ? String(number + 1) : "" });
  });
  const feed = createChangeFeed(tiny.client);
  let cursor: FeedCursor | null = null;
  for (let page = 1; page <= 3; page += 1) {
    const { mergeRequests, next } = await feed.listChanges({ kind: "project", id: 7 }, 0, cursor);
    assert.equal(mergeRequests[0]?.project.path, "a/b");
    assert.equal(mergeRequests[0].headSha, null);
    cursor = next;
  }
  assert.equal(cursor, null);
  assert.equal(queries.length, 3);
  assert.match(queries[2] ?? "", /[?&]page=3(&|$)/);
});
