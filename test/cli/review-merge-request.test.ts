import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, User } from "../../standins/gitlab/state.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { runReview, type ReviewOptions } from "../../src/cli/review.ts";
import { readAddress, readPipeline } from "../../src/cli/review/choose-merge-request.ts";
import { recordedTerminal } from "./recorded-terminal.ts";
import { PLANTED, SOUND } from "./review-repository.ts";

const PATH = "src/sum.js";

describe("review of a merge request from the command line", () => {
  const stack = new AsyncDisposableStack();
  let gitlab: GitLabStandIn;
  let model: ModelStandIn;
  let author: User;
  let bot: User;
  let token = "";
  let count = 0;
  before(async () => {
    gitlab = stack.use(await startGitLabStandIn());
    model = stack.use(await startModelStandIn());
    author = gitlab.createUser({ username: "ada" });
    bot = gitlab.createUser({ username: "robot" });
    token = gitlab.createPersonalToken(bot);
  });
  after(() => stack.disposeAsync());

  /** A merge request of its own with a planted mistake. */
  const plant = async (content = PLANTED): Promise<MergeRequest> => {
    count += 1;
    const branch = `work-${count}`;
    const project = await gitlab.createProject({
      path: `team/shop-${count}`,
      owner: author,
      files: { [PATH]: SOUND },
    });
    gitlab.addMember(project, bot, "developer");
    await gitlab.push(project, { branch, user: author, actions: [{ action: "write", path: PATH, content }] });
    return gitlab.openMergeRequest(project, { author, sourceBranch: branch, title: "Add up" });
  };
  const addressOf = ({ project, iid }: MergeRequest): string =>
    `${gitlab.url}/${project.path}/-/merge_requests/${iid}`;

  const review = async (what: string | undefined, options: ReviewOptions = {}) => {
    const terminal = recordedTerminal();
    const environment = {
      MODEL_NAME: "stand-in",
      MODEL_BASE_URL: model.url,
      GITLAB_TOKEN: token,
      ...options.environment,
    };
    const code = await runReview(what, { ...terminal, isTerminal: false, ...options, environment });
    return { code, out: terminal.out(), err: terminal.err() };
  };

  const threadsOf = async (mergeRequest: MergeRequest) =>
    (await gitlab.viewMergeRequest(mergeRequest)).discussions
      .filter(({ notes: [first] }) => first?.author.username === "robot" && !first.system)
      .map(({ individual_note: alone, notes: [first] }) => ({
        alone,
        body: first?.body ?? "",
        resolved: first?.resolved,
      }));

  it("tells what it finds, and writes nothing without --post", async () => {
    const mergeRequest = await plant();
    const { code, out, err } = await review(addressOf(mergeRequest), { failOn: "major" });
    assert.equal(code, 1, err);
    assert.match(out, /^src\/sum\.js\n {2}3 {2}major/);
    assert.match(out, new RegExp(`reviewed in ${mergeRequest.project.path}!1\n$`));
    assert.deepEqual(await threadsOf(mergeRequest), []);
    assert.doesNotMatch(err, /Published/);
  });

  it("publishes as the server does, once, and resolves what a push settles", async () => {
    const mergeRequest = await plant();
    const address = `${addressOf(mergeRequest)}/diffs#x`;
    const first = await review(address, { post: true });
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /Published: 1 new, 0 said before, 0 resolved, 0 in the summary only: http/);
    const posted = await threadsOf(mergeRequest);
    assert.equal(posted.filter(({ alone }) => !alone).length, 1);
    assert.match(posted.find(({ alone }) => !alone)?.body ?? "", /```suggestion/);
    assert.equal(posted.filter(({ alone }) => alone).length, 1);

    const second = await review(address, { post: true });
    assert.match(second.err, /Published: 0 new, 1 said before/);
    assert.equal((await threadsOf(mergeRequest)).length, posted.length);

    const { project, sourceBranch: branch } = mergeRequest;
    const content = PLANTED.replace("<=", "<");
    await gitlab.push(project, { branch, user: author, actions: [{ action: "write", path: PATH, content }] });
    const third = await review(address, { post: true });
    assert.match(third.err, /Published: 0 new, 0 said before, 1 resolved/);
    const settled = await threadsOf(mergeRequest);
    assert.deepEqual(
      settled.filter(({ alone }) => !alone).map(({ resolved }) => resolved),
      [true],
    );
  });

  it("finds its merge request in a pipeline, and reviews the head that is the newest when it publishes", async () => {
    const mergeRequest = await plant();
    const { project, iid, sourceBranch: branch } = mergeRequest;
    const content = `// Adds up.\n${PLANTED}`;
    const action = { action: "write", path: PATH, content } as const;
    let isPushed = false;
    await using slow = await startModelStandIn({
      script: async () => {
        if (!isPushed) await gitlab.push(project, { branch, user: author, actions: [action] });
        isPushed = true;
        return '{"overview": "", "findings": []}';
      },
    });
    const environment = {
      CI_MERGE_REQUEST_IID: String(iid),
      CI_PROJECT_ID: "9999",
      CI_MERGE_REQUEST_PROJECT_ID: String(project.id),
      CI_SERVER_URL: gitlab.url,
      MODEL_BASE_URL: slow.url,
    };
    const { code, err } = await review(undefined, { post: true, environment });
    assert.equal(code, 0, err);
    assert.match(err, /Published: 0 new/);
    const head = mergeRequest.versions.at(-1)?.head ?? "";
    assert.equal(mergeRequest.versions.length, 2);
    const [summary] = (await threadsOf(mergeRequest)).filter(({ alone }) => alone);
    assert.match(summary?.body ?? "", new RegExp(head.slice(0, 12)));
  });

  it("publishes nothing on a merge request that has ended, and says so", async () => {
    const mergeRequest = await plant();
    await gitlab.closeMergeRequest(mergeRequest, author);
    const { code, err } = await review(addressOf(mergeRequest), { post: true });
    assert.equal(code, 0, err);
    assert.match(err, /Nothing was published: the merge request is closed\./);
    assert.deepEqual(await threadsOf(mergeRequest), []);
  });

  it("ends with 2 and says what to change when it cannot review", async () => {
    const mergeRequest = await plant();
    const address = addressOf(mergeRequest);
    const calls = model.chatCount();
    const fails = async (
      expected: RegExp,
      what: string | undefined,
      options: ReviewOptions,
    ): Promise<void> => {
      const { code, out, err } = await review(what, options);
      assert.equal(code, 2, err);
      assert.equal(out, "");
      assert.match(err, expected);
      assert.ok(!err.includes(token));
    };
    await fails(/--post needs a merge request/, undefined, { post: true });
    await fails(/give its address, or nothing/, "main...HEAD", { post: true });
    await fails(/give its address, or nothing/, undefined, { post: true, staged: true });
    await fails(/set GITLAB_TOKEN/, address, { environment: { GITLAB_TOKEN: "" } });
    await fails(/GITLAB_URL names/, address, { environment: { GITLAB_URL: "https://gitlab.example.com" } });
    await fails(/looks like https/, `${gitlab.url}/team/shop`, {});
    await fails(/404/, `${gitlab.url}/team/none/-/merge_requests/1`, {});
    await fails(/401|refuses|token/, address, { environment: { GITLAB_TOKEN: "glpat-wrong" } });
    assert.equal(model.chatCount(), calls);
  });
});

describe("the place of a merge request", () => {
  it("is read from its page's address, below GitLab's own path", () => {
    const address = "https://host.example/gitlab/group/sub/project/-/merge_requests/12/diffs?x=1#note_3";
    assert.deepEqual(readAddress(address, "https://host.example/gitlab/"), {
      serverUrl: "https://host.example/gitlab",
      project: "group/sub/project",
      iid: 12,
    });
    assert.equal(readAddress(address, null).project, "gitlab/group/sub/project");
    assert.throws(() =>
      readAddress("https://host.example/gitlab2/p/-/merge_requests/1", "https://host.example/gitlab"),
    );
    assert.throws(() => readAddress("https://host.example/p/merge_requests/x", null), /looks like/);
  });

  it("is that of the pipeline, where there is one", () => {
    const environment = {
      CI_MERGE_REQUEST_IID: "4",
      CI_PROJECT_ID: "7",
      CI_SERVER_URL: "https://gitlab.example.com",
    };
    assert.deepEqual(readPipeline(environment), {
      serverUrl: "https://gitlab.example.com",
      project: "7",
      iid: 4,
    });
    assert.throws(() => readPipeline({ CI_PROJECT_ID: "7" }), /pipeline/);
  });
});
