import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, User } from "../../standins/gitlab/state.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { runReview, type ReviewOptions } from "../../src/cli/review.ts";
import { readAddress, readPipeline } from "../../src/cli/review/choose-merge-request.ts";
import { recordedTerminal } from "./recorded-terminal.ts";
import { PLANTED, SOUND } from "./review-repository.ts";
import { english as t, saying } from "../messages/saying.ts";
import type { MessageCode } from "../../src/messages/message.ts";

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

  const published = (
    mergeRequest: MergeRequest,
    counts: { readonly opened?: number; readonly kept?: number; readonly resolved?: number },
  ): string =>
    t("cli.review.published", {
      opened: 0,
      kept: 0,
      resolved: 0,
      summaryOnly: 0,
      refused: 0,
      ...counts,
      url: addressOf(mergeRequest),
    });

  it("tells what it finds, and writes nothing without --post", async () => {
    const mergeRequest = await plant();
    const { code, out, err } = await review(addressOf(mergeRequest), { failOn: "major" });
    assert.equal(code, 1, err);
    assert.match(out, RegExp(`^src/sum\\.js\n {2}3 {2}${t("severity.major")}`));
    const name = `${mergeRequest.project.path}!1`;
    assert.ok(out.endsWith(`${t("cli.review.coverage", { reviewed: 1, files: 1, name })}\n`));
    assert.deepEqual(await threadsOf(mergeRequest), []);
    assert.doesNotMatch(err, saying("cli.review.published"));
  });

  it("publishes as the server does, once, and resolves what a push settles", async () => {
    const mergeRequest = await plant();
    const address = `${addressOf(mergeRequest)}/diffs#x`;
    const first = await review(address, { post: true });
    assert.equal(first.code, 0, first.err);
    assert.ok(first.err.includes(published(mergeRequest, { opened: 1 })));
    const posted = await threadsOf(mergeRequest);
    assert.equal(posted.filter(({ alone }) => !alone).length, 1);
    assert.match(posted.find(({ alone }) => !alone)?.body ?? "", /```suggestion/);
    assert.equal(posted.filter(({ alone }) => alone).length, 1);

    const second = await review(address, { post: true });
    assert.ok(second.err.includes(published(mergeRequest, { kept: 1 })));
    assert.equal((await threadsOf(mergeRequest)).length, posted.length);

    const { project, sourceBranch: branch } = mergeRequest;
    const content = PLANTED.replace("<=", "<");
    await gitlab.push(project, { branch, user: author, actions: [{ action: "write", path: PATH, content }] });
    const third = await review(address, { post: true });
    assert.ok(third.err.includes(published(mergeRequest, { resolved: 1 })));
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
    assert.ok(err.includes(published(mergeRequest, {})));
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
    assert.ok(err.includes(t("cli.review.not-published", { state: "closed" })));
    assert.deepEqual(await threadsOf(mergeRequest), []);
  });

  it("ends with 2 and says what to change when it cannot review", async () => {
    const mergeRequest = await plant();
    const address = addressOf(mergeRequest);
    const calls = model.chatCount();
    const fails = async (
      code: MessageCode,
      what: string | undefined,
      options: ReviewOptions,
    ): Promise<void> => {
      const ended = await review(what, options);
      assert.equal(ended.code, 2, ended.err);
      assert.equal(ended.out, "");
      assert.match(ended.err, saying(code));
      assert.ok(!ended.err.includes(token));
    };
    const elsewhere = { environment: { GITLAB_URL: "https://gitlab.example.com" } };
    await fails("cli.review.no-pipeline", undefined, { post: true });
    await fails("cli.review.post-what", "main...HEAD", { post: true });
    await fails("cli.review.post-what", undefined, { post: true, staged: true });
    await fails("cli.review.no-token", address, { environment: { GITLAB_TOKEN: "" } });
    await fails("cli.review.other-gitlab", address, elsewhere);
    await fails("cli.review.address", `${gitlab.url}/team/shop`, {});
    const missing = await review(`${gitlab.url}/team/none/-/merge_requests/1`, {});
    assert.equal(missing.code, 2);
    assert.match(missing.err, /404/);
    const wrong = await review(address, { environment: { GITLAB_TOKEN: "glpat-wrong" } });
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /GITLAB_TOKEN/);
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
    assert.throws(() => readAddress("https://host.example/p/merge_requests/x", null), {
      code: "cli.review.address",
    });
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
    assert.throws(() => readPipeline({ CI_PROJECT_ID: "7" }), { code: "cli.review.no-pipeline" });
  });
});
