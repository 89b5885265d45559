import { publishLine } from "../../src/review/publish-text.ts";
import { formatMessage, translator } from "../../src/messages/format-message.ts";
import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { showRules } from "../../src/cli/rules.ts";
import type { Reviewflow } from "../../src/main.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest, Project } from "../../standins/gitlab/state.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { recordedTerminal } from "../cli/recorded-terminal.ts";
import { type EmbeddedSetup, setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { SECRET } from "./start.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

const CONFIG = {
  flows: [{ name: "review", file: "builtin:review", summary: null, rules: "FLOW-RULE" }],
  rules: { file: "rules.md" },
  group_rules: [
    { namespace: "bootcamp", text: "GROUP-RULE" },
    { namespace: "elsewhere", text: "OTHER-GROUP-RULE" },
  ],
};

/** What the branch `main` says. */
const RULES = {
  ".reviewflow.yml": "language: 日本語\nrules: SETTINGS-RULE\nthreads: 1\ngitlab: { token: mine }\n",
  ".reviewflow/rules/scripts.md": "---\npaths: ['src/**']\n---\nSCRIPTS-RULE\n",
  ".reviewflow/rules/sql.md": "---\npaths: ['*.sql']\n---\nSQL-RULE\n",
};

/** What a key of the server in the repository's settings comes to. */
const foreignKey = reasonOf("setting-unknown", { file: ".reviewflow.yml", key: "gitlab" });

/** What an author would like to have instead. */
const WISHES = {
  ".reviewflow.yml": "language: Korean\nrules: WISHED-RULE\npaths: { exclude: ['**'] }\n",
  ".reviewflow/rules/scripts.md": "WISHED-RULE\n",
  "AGENTS.md": "WISHED-RULE\n",
};

/** Two loops that go past the end, which the scripted model finds. */
const CODE = [0, 1]
  .map(
    (at) => `export const f${at} = (list) => {\n  for (let i = 0; i <= list.length; i++) use(list[i]);\n};\n`,
  )
  .join(Array.from({ length: 30 }, (_, at) => `// ${at}\n`).join(""));

const writes = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, content]) => ({ action: "write" as const, path, content }));

suite("rules of a team, from webhook to GitLab", () => {
  const stack = new AsyncDisposableStack();
  let world: {
    readonly gitlab: GitLabStandIn;
    readonly model: ModelStandIn;
    readonly team: Team;
    readonly setup: EmbeddedSetup;
    readonly reviewflow: Reviewflow;
  };

  before(async () => {
    const gitlab = stack.use(await startGitLabStandIn());
    const model = stack.use(await startModelStandIn());
    const team = await createTeam(gitlab);
    const setup = stack.use(await setUpEmbedded(team, model, CONFIG));
    await writeFile(join(setup.folder, "rules.md"), "SERVER-RULE\n");
    const reviewflow = stack.use(await startEmbedded(setup));
    await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET, note_events: true });
    await gitlab.push(team.project, { branch: "main", user: team.owner, actions: writes(RULES) });
    world = { gitlab, model, team, setup, reviewflow };
  });
  after(() => stack.disposeAsync());

  /** Has a merge request with these files reviewed; gives the prompts and the notes of the bot. */
  const review = async (branch: string, files: Readonly<Record<string, string>>, from?: Project) => {
    const { gitlab, model, team, reviewflow } = world;
    model.reset();
    await gitlab.push(from ?? team.project, { branch, user: team.author, actions: writes(files) });
    const mergeRequest = await gitlab.openMergeRequest(team.project, {
      author: team.author,
      sourceBranch: branch,
      title: `Merge ${branch}`,
      ...(from === undefined ? {} : { sourceProject: from }),
    });
    return { mergeRequest, ...(await outcome(mergeRequest, gitlab, model, reviewflow)) };
  };

  const outcome = async (
    { iid }: MergeRequest,
    gitlab: GitLabStandIn,
    model: ModelStandIn,
    { store }: Reviewflow,
  ) => {
    const run = await eventually("the review to end", async () =>
      (await store.listRuns({ limit: 50 })).find((one) => one.iid === iid && one.finishedAtMs !== null),
    );
    const found = world.team.project.mergeRequests.find((one) => one.iid === iid) ?? assert.fail();
    const { discussions, notes } = await gitlab.viewMergeRequest(found);
    const prompts = model.calls().map(({ body }) => JSON.stringify(body));
    return {
      run,
      prompt: prompts.join("\n"),
      threads: discussions.filter((one) => !one.individual_note).length,
      summary: notes.find(({ body }) => body.startsWith("<!-- reviewflow:summary"))?.body ?? "",
    };
  };

  test("server, group, flow and repository say what holds, and the repository's settings count", async () => {
    const { run, prompt, threads, summary } = await review("topic", { "src/code.js": CODE });
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    const said = [...prompt.matchAll(/[A-Z]+(?:-[A-Z]+)?-RULE/g)].map(([rule]) => rule);
    assert.deepEqual(
      [...new Set(said)],
      ["SERVER-RULE", "GROUP-RULE", "FLOW-RULE", "SCRIPTS-RULE", "SETTINGS-RULE"],
    );
    assert.match(prompt, /日本語/);
    assert.equal(threads, 1);
    assert.ok(summary.includes(publishLine(translator("ja").reason(foreignKey))));
  });

  test("the project's page lists the rules of the host, and what GitLab has of its hook", async () => {
    const { gitlab, team, reviewflow } = world;
    const page = async (part = ""): Promise<string> =>
      (await fetch(`${reviewflow.url}/dashboard/projects/${team.project.id}${part}`)).text();
    gitlab.clearRequests();
    const rules = await page();
    assert.match(rules, /group_rules\[0\]/);
    assert.doesNotMatch(rules, /group_rules\[1\]|\.reviewflow\.yml/);
    assert.equal(gitlab.requests.filter(({ path }) => path.includes("/hooks")).length, 0);
    const refused = await page("/hooks");
    const asked = gitlab.requests.filter(({ path }) => path.includes("/hooks"));
    assert.deepEqual(
      asked.map(({ method }) => method),
      ["GET"],
    );
    // A project access token with the role Developer may not see hooks; as a Maintainer it may.
    assert.ok(refused.includes(formatMessage("en", "project.unseen.no-role")));
    gitlab.addMember(team.project, team.bot, "maintainer");
    assert.ok((await page("/hooks")).includes(formatMessage("en", "project.called")));
  });

  test("an answer is given by the rules for the file of its thread, in the repository's language", async () => {
    const { gitlab, model, team, reviewflow } = world;
    const { mergeRequest } = await review("asked", { "src/asked.js": CODE });
    const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
    const [thread] = discussions.filter((one) => !one.individual_note);
    model.reset();
    const ask = { body: `@${team.bot.username} ask why?`, discussionId: thread?.id ?? assert.fail() };
    await gitlab.addNote(mergeRequest, team.author, ask);
    const run = await eventually("the answer", async () =>
      (await reviewflow.store.listRuns({ limit: 50 })).find(
        (one) => one.iid === mergeRequest.iid && one.kind === "reply" && one.finishedAtMs !== null,
      ),
    );
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    const prompt = model
      .calls()
      .map(({ body }) => JSON.stringify(body))
      .join("\n");
    const said = [...prompt.matchAll(/[A-Z]+(?:-[A-Z]+)?-RULE/g)].map(([rule]) => rule);
    const expected = ["SERVER-RULE", "GROUP-RULE", "FLOW-RULE", "SCRIPTS-RULE", "SETTINGS-RULE"];
    assert.deepEqual([...new Set(said)], expected);
    assert.match(prompt, /日本語/);
  });

  test("the server's own words are in the repository's language, too", async () => {
    const { gitlab, team } = world;
    const [mergeRequest = assert.fail()] = team.project.mergeRequests;
    const added = await gitlab.addNote(mergeRequest, team.author, { body: `@${team.bot.username} help` });
    const body = await eventually("the answer", async () => {
      const { discussions } = await gitlab.viewMergeRequest(mergeRequest);
      return discussions.find(({ id }) => id === added?.discussion.id)?.notes[1]?.body;
    });
    assert.ok(body.includes(translator("ja")("help.head")));
  });

  test("the merge request's own branch changes no rules", async () => {
    const { mergeRequest, prompt, run } = await review("wishes", { ...WISHES, "src/own.js": CODE });
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    assert.match(prompt, /SETTINGS-RULE/);
    assert.match(prompt, /日本語/);
    // The files are a part of the change and so of the diff, but nowhere else.
    assert.doesNotMatch(rulesIn(prompt), /WISHED-RULE/);
    assert.match(prompt, /src\/own\.js/);
    assert.equal(mergeRequest.state, "opened");
  });

  test("an author's own branch as the target changes no rules, and another target is a review anew", async () => {
    const { gitlab, model, team, reviewflow } = world;
    const push = (branch: string, files: Readonly<Record<string, string>>, from?: string) =>
      gitlab.push(team.project, {
        branch,
        user: team.author,
        actions: writes(files),
        ...(from === undefined ? {} : { from }),
      });
    await push("hers", { ...WISHES, "src/hers.js": CODE });
    await push("stacked", { "src/stacked.js": CODE }, "hers");
    const below = await gitlab.openMergeRequest(team.project, { author: team.author, sourceBranch: "hers" });
    await outcome(below, gitlab, model, reviewflow);
    model.reset();
    const author = { author: team.author, sourceBranch: "stacked" };
    const stacked = await gitlab.openMergeRequest(team.project, { ...author, targetBranch: "hers" });
    const { prompt, run } = await outcome(stacked, gitlab, model, reviewflow);
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    assert.match(rulesIn(prompt), /SETTINGS-RULE/);
    assert.doesNotMatch(rulesIn(prompt), /WISHED-RULE/);
    const ended = (count: number) =>
      eventually(`review ${count} to end`, async () => {
        const runs = await reviewflow.store.listRuns({ limit: 50 });
        const own = runs.filter(({ iid, finishedAtMs }) => iid === stacked.iid && finishedAtMs !== null);
        return own.length === count ? own : undefined;
      });
    await gitlab.updateMergeRequest(stacked, team.author, { targetBranch: "main" });
    assert.deepEqual(
      (await ended(2)).map(({ trigger, state }) => [trigger, state]),
      [
        ["opened", "succeeded"],
        ["opened", "succeeded"],
      ],
    );
    await gitlab.updateMergeRequest(stacked, team.author, { targetBranch: "hers" });
    await ended(3);
    // GitLab retargets what is stacked by itself.
    assert.equal(await gitlab.mergeMergeRequest(below, team.owner), true);
    await gitlab.deleteBranch(team.project, team.owner, "hers");
    assert.equal(stacked.targetBranch, "main");
    assert.deepEqual((await ended(4))[0]?.trigger, "opened");
    await gitlab.push(team.project, {
      branch: "main",
      user: team.owner,
      actions: [...writes(RULES), { action: "delete", path: "AGENTS.md" }],
    });
  });

  test("no name of a branch or a tag chooses the rules, nor one that GitLab refuses", async () => {
    const { gitlab, model, team, reviewflow } = world;
    const { project, author } = team;
    await gitlab.push(project, { branch: "wished", user: author, actions: writes(WISHES) });
    const wished = (await project.repository.resolve("refs/heads/wished")) ?? assert.fail();
    for (const tag of ["main", "refs/heads/main"]) await project.repository.setTag(tag, wished);
    project.protectedBranches.add("release/1");
    // So a proxy answers an address that a long name makes too long for it, and GitLab a name that it does not take.
    const refused = [414, 400].map((status) => {
      const plan = { path: RegExp(`branches/refused-${status}$`), times: 10 };
      return gitlab.fail(plan, { kind: "status", status });
    });
    const names = ["Main", "main.json", "main%2Fx", "main&ref=main", "refs/heads/main", "release/1.0"];
    for (const [at, targetBranch] of [...names, "refused-414", "refused-400"].entries()) {
      model.reset();
      await project.repository.setBranch(targetBranch, wished);
      const sourceBranch = `named-${at}`;
      const actions = writes({ [`src/named-${at}.js`]: CODE });
      await gitlab.push(project, { branch: sourceBranch, user: author, actions, from: "wished" });
      const opened = await gitlab.openMergeRequest(project, { author, sourceBranch, targetBranch });
      const { prompt, run } = await outcome(opened, gitlab, model, reviewflow);
      assert.deepEqual([run.state, run.reason], ["succeeded", null], targetBranch);
      assert.match(rulesIn(prompt), /SETTINGS-RULE/, targetBranch);
      assert.doesNotMatch(rulesIn(prompt), /WISHED-RULE/, targetBranch);
    }
    for (const plan of refused) plan.remove();
  });

  test("a fork changes no rules", async () => {
    const { gitlab, team } = world;
    const fork = await gitlab.fork(team.project, team.author, "trainee/shop");
    await gitlab.push(fork, { branch: "main", user: team.author, actions: writes(WISHES) });
    gitlab.clearRequests();
    const { prompt, run } = await review("from-fork", { ...WISHES, "src/fork.js": CODE }, fork);
    assert.equal(run.state, "succeeded", JSON.stringify(run.reason));
    assert.match(rulesIn(prompt), /SETTINGS-RULE/);
    assert.doesNotMatch(rulesIn(prompt), /WISHED-RULE/);
    const elsewhere = gitlab.requests.filter(({ path }) => path.includes(`/projects/${fork.id}/`));
    assert.deepEqual(elsewhere, []);
  });

  test("rules that cannot be read are told, and the review is made", async () => {
    const { gitlab } = world;
    gitlab.fail({ path: /\/repository\/tree/, times: 1 }, { kind: "status", status: 403 });
    const { run, prompt, summary } = await review("unread", { "src/unread.js": CODE });
    assert.equal(run.state, "partial-succeeded");
    assert.ok(summary.includes(translator("ja").reason(reasonOf("rules-unreadable", { kept: true }))));
    assert.match(rulesIn(prompt), /SERVER-RULE[\s\S]*SETTINGS-RULE/);
  });

  test("the command says what holds and from where", async () => {
    const { setup, team } = world;
    const terminal = recordedTerminal();
    const options = { ...terminal, config: setup.configFile, environment: setup.environment };
    assert.equal(await showRules(team.project.path, ["src/code.js"], options), 0, terminal.err());
    const out = terminal.out();
    const order = ["(rules)", "(group_rules[0])", "(flows[review].rules)"];
    const places = [...order, "(.reviewflow/rules/scripts.md)", "(.reviewflow.yml)"].map((at) =>
      out.indexOf(at),
    );
    assert.ok(
      places.every((at, index) => at > (places[index - 1] ?? 0)),
      out,
    );
    assert.match(out, RegExp(`${formatMessage("en", "rules.unmatched")}\\n.*sql\\.md`));
    assert.match(out, /language: 日本語/);
    assert.ok(out.includes(translator("en").reason(foreignKey)));
    assert.doesNotMatch(out, /group_rules\[1\]/);
    assert.equal(await showRules(team.project.path, ["a.sql"], { ...options, branch: "wishes" }), 0);
    const made = { project: team.project.path, flow: "review", branch: "wishes", default: "main" };
    const unprotected = terminal.out().slice(out.length);
    assert.ok(unprotected.startsWith(`${translator("en")("rules.flow-and-default", made)}\n`), unprotected);
    assert.match(unprotected, /sql\.md/);
    assert.doesNotMatch(terminal.out(), /AGENTS\.md/);
  });

  test("the command tells what keeps it from an answer", async () => {
    const { setup } = world;
    const terminal = recordedTerminal();
    const options = { ...terminal, config: setup.configFile, environment: setup.environment };
    assert.equal(await showRules("bootcamp/nothing", ["a"], options), 1);
    assert.match(terminal.err(), /not found|does not exist|404/i);
  });

  test("AGENTS.md and the rules of GitLab Duo are rules, CONTRIBUTING.md where it is asked for", async () => {
    const { gitlab, team } = world;
    const others = {
      "AGENTS.md": "AGENTS-RULE\n",
      "CONTRIBUTING.md": "CONTRIBUTING-RULE\n",
      ".gitlab/duo/mr-review-instructions.yaml":
        "instructions:\n  - { name: All, fileFilters: ['**/*.js'], instructions: DUO-RULE }\n",
    };
    const push = (files: Readonly<Record<string, string>>) =>
      gitlab.push(team.project, { branch: "main", user: team.owner, actions: writes(files) });
    await push(others);
    const unasked = rulesIn((await review("others", { "src/others.js": CODE })).prompt);
    assert.match(unasked, /AGENTS-RULE/);
    assert.match(unasked, /DUO-RULE/);
    assert.doesNotMatch(unasked, /CONTRIBUTING-RULE/);
    await push({
      ".reviewflow.yml": `${RULES[".reviewflow.yml"]}rule_files: { contributing: true, agents: false }\n`,
    });
    const asked = rulesIn((await review("asked-for", { "src/asked-for.js": CODE })).prompt);
    assert.match(asked, /CONTRIBUTING-RULE/);
    assert.doesNotMatch(asked, /AGENTS-RULE/);
    await push({ ...RULES, ...Object.fromEntries(Object.keys(others).map((path) => [path, ""])) });
  });

  test("a repository that turns commands off is not answered, from its next note on", async () => {
    const { gitlab, team, reviewflow } = world;
    const [mergeRequest = assert.fail()] = team.project.mergeRequests;
    const config = `${RULES[".reviewflow.yml"]}triggers: { command: false }\n`;
    const files = { ...RULES, ".reviewflow.yml": config };
    await gitlab.push(team.project, { branch: "main", user: team.owner, actions: writes(files) });
    const added = await gitlab.addNote(mergeRequest, team.author, { body: `@${team.bot.username} help` });
    const run = await eventually("the run", async () =>
      (await reviewflow.store.listRuns({ limit: 5 })).find(
        ({ kind, iid, finishedAtMs, reason }) =>
          kind === "reply" &&
          iid === mergeRequest.iid &&
          finishedAtMs !== null &&
          reason?.code !== "help-given",
      ),
    );
    assert.deepEqual([run.state, run.reason?.code], ["succeeded", "trigger-off"]);
    const { discussions, reactions } = await gitlab.viewMergeRequest(mergeRequest);
    const thread = discussions.find(({ id }) => id === added?.discussion.id);
    assert.deepEqual([thread?.notes.length, reactions.filter(({ id }) => id === added?.note.id)], [1, []]);
    await gitlab.push(team.project, { branch: "main", user: team.owner, actions: writes(RULES) });
  });

  test("what is merged holds from then on", async () => {
    const { team, gitlab } = world;
    const wishes = team.project.mergeRequests.find(({ sourceBranch }) => sourceBranch === "wishes");
    assert.ok(await gitlab.mergeMergeRequest(wishes ?? assert.fail(), team.owner));
    const { prompt, summary } = await review("after", { "src/after.js": CODE });
    assert.equal(prompt, "");
    const skipped = translator("ko").reason(reasonOf("path-rule"));
    assert.ok(summary.split("\n").some((line) => line.includes("src/after.js") && line.includes(skipped)));
  });
});

/** The rules of prompts, without the diffs: what stands between the marks. */
const rulesIn = (prompt: string): string =>
  [...prompt.matchAll(/<<<RULE [0-9a-f]{16} [\s\S]*?RULE [0-9a-f]{16}>>>/g)].map(([rule]) => rule).join("\n");
