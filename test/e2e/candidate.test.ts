import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { ShadowSummaries, type ShadowSummary } from "../../src/http/api/shadow-summary.ts";
import { type Reviewflow, startReviewflow } from "../../src/main.ts";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import type { Fields, StandInApp } from "../../standins/dify/stand-in-app.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { type Ended, runCommand } from "../cli/run-command.ts";
import { SECRET } from "./start.ts";
import { answersIn, findingThreads } from "./talk-world.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";
import { english as t, saying } from "../messages/saying.ts";

const ADMIN_TOKEN = "an-admin-token-that-nobody-prints";

const Form = z.array(
  z.object({
    variable: z.string(),
    type: z.enum(["text-input", "paragraph", "number"]),
    required: z.boolean().default(false),
    max_length: z.number().optional(),
  }),
);
const WorkflowFile = z.object({
  workflow: z.object({
    graph: z.object({
      nodes: z.array(z.object({ data: z.object({ type: z.string(), variables: z.unknown().optional() }) })),
    }),
  }),
});

/** The form of an app that one of our files was imported to. */
const formOf = async (file: string): Promise<StandInApp["form"]> => {
  const text = await readFile(new URL(`../../flows/${file}.yml`, import.meta.url), "utf8");
  const { nodes } = WorkflowFile.parse(parse(text)).workflow.graph;
  const fields = Form.parse(nodes.find(({ data }) => data.type === "start")?.data.variables);
  return fields.map(({ max_length: most, ...field }) => ({
    ...field,
    ...(most === undefined ? {} : { max_length: most }),
  }));
};

/** An app that keeps what it was asked; `answer` makes its outputs. */
const recordingApp = async (name: string, file: string, answer: (inputs: Fields) => Fields) => {
  const asked: Fields[] = [];
  const app: StandInApp = {
    name,
    key: `app-${name}`,
    form: await formOf(file),
    program: async ({ inputs, node }) => {
      asked.push(inputs);
      const { outputs } = await node({ id: "llm", type: "llm", title: "Judge" }, () => ({
        outputs: answer(inputs),
        usage: { prompt_tokens: 100, completion_tokens: 20 },
      }));
      return { status: "succeeded", outputs };
    },
  };
  return { app, asked };
};

/** Finds every added line that holds one of the words. */
const finding =
  (...words: readonly string[]) =>
  ({ diff }: Fields): Fields => {
    let path = "";
    const findings = String(diff)
      .split("\n")
      .flatMap((row) => {
        path = /^=== (.*) \(.*\) ===$/.exec(row)?.[1] ?? path;
        const [, line, quote = ""] = /^\s*(\d+) +\+ *\| (.*)$/.exec(row) ?? [];
        const word = words.find((one) => quote.includes(one));
        if (line === undefined || word === undefined) return [];
        const about = { severity: "major", category: "bug", confidence: 0.9 };
        return [{ path, line: Number(line), quote, ...about, title: `A ${word}`, body: `It is ${word}.` }];
      });
    return { findings: JSON.stringify(findings), overview: "Lines are added." };
  };

const isWrong = (question: unknown): boolean => String(question).includes("not a bug");

type App = Awaited<ReturnType<typeof recordingApp>>;

suite("a candidate and answers to notes, with flows on Dify, from the webhook on", () => {
  const opened = new AsyncDisposableStack();
  let gitlab: GitLabStandIn;
  let dify: DifyStandIn;
  let team: Team;
  let reviewflow: Reviewflow;
  let mergeRequest: MergeRequest;
  let present: App;
  let next: App;
  let reply: App;
  let environment: Record<string, string> = {};

  const command = async (...parameters: readonly string[]): Promise<Ended> => {
    const ended = await runCommand(["shadow", ...parameters, "--server", reviewflow.url], environment);
    for (const secret of [ADMIN_TOKEN, team.token, SECRET])
      assert.ok(!`${ended.stdout}${ended.stderr}`.includes(secret), "a secret was printed");
    return ended;
  };
  const push = (path: string, content: string) =>
    gitlab.push(team.project, {
      branch: "topic",
      user: team.author,
      actions: [{ action: "write", path, content }],
    });
  /** Waits until `count` runs have been made, and ended well. */
  const ended = (count: number) =>
    eventually(`${count} runs`, async () => {
      await gitlab.settleHooks();
      const runs = await reviewflow.store.listRuns({ limit: 20 });
      const bad = runs.find(({ state }) => state === "failed" || state === "cancelled");
      assert.equal(bad, undefined, JSON.stringify(bad?.reason));
      return (runs.length === count && runs.every(({ state }) => state === "succeeded")) || undefined;
    });
  const ask = (token: string, path = "", method: "GET" | "POST" = "GET") =>
    fetch(`${reviewflow.url}/api/shadows${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(method === "POST" ? { body: "{}" } : {}),
    });
  const compared = (count: number): Promise<ShadowSummary> =>
    eventually(`${count} comparisons`, async () => {
      const { candidates } = ShadowSummaries.parse(await (await ask(ADMIN_TOKEN)).json());
      return candidates.find((one) => one.compared + one.failed + one.skipped === count);
    });
  const titles = async (): Promise<readonly string[]> =>
    (await findingThreads(team, mergeRequest)).map(
      ({ notes }) => /A (?:BUG|SMELL)/.exec(notes[0]?.body ?? "")?.[0] ?? "?",
    );

  before(async () => {
    gitlab = opened.use(await startGitLabStandIn());
    present = await recordingApp("present", "review", finding("BUG"));
    next = await recordingApp("next", "review", finding("BUG", "SMELL"));
    reply = await recordingApp("reply", "reply", ({ question }) => ({
      answer: JSON.stringify({ reply: `You said: ${String(question)}`, withdraw: isWrong(question) }),
    }));
    dify = opened.use(await startDifyStandIn({ apps: [present.app, next.app, reply.app] }));
    team = await createTeam(gitlab);
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-candidate-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const on = ({ app }: App) => ({ dify: { url: dify.url, api_key: app.key } });
    const flow = { name: "review", contract: "findings", review: "every-push", language: "English" };
    const flows = [{ ...flow, ...on(present), reply: on(reply), shadow: { name: "next", ...on(next) } }];
    const configFile = join(folder, "reviewflow.yml");
    await writeFile(configFile, stringify({ server: { port: 0 }, flows }));
    environment = {
      GITLAB_URL: gitlab.url,
      GITLAB_TOKEN: team.token,
      WEBHOOK_SECRET: SECRET,
      REVIEWFLOW_ADMIN_TOKEN: ADMIN_TOKEN,
      REVIEWFLOW_DATA_DIR: join(folder, "store"),
      REVIEWFLOW_CONFIG: configFile,
    };
    const config = readConfig(environment, null);
    reviewflow = opened.use(await startReviewflow(config, { logger: silentLogger }));
    const url = `${reviewflow.url}/webhooks/gitlab`;
    await addHook(team, { url, token: SECRET, note_events: true });
    await push("src/cart.js", "const a = 1; // BUG\nconst b = 2;\nconst c = 3;\nconst d = 4; // SMELL\n");
    const { author } = team;
    mergeRequest = await gitlab.openMergeRequest(team.project, {
      author,
      sourceBranch: "topic",
      title: "Add the cart",
    });
    await ended(1);
  });
  after(() => opened.disposeAsync());

  test("the candidate is compared and says nothing, and the command shows how it does", async () => {
    const notes = await team.botNotes(mergeRequest);
    gitlab.clearRequests();
    const summary = await compared(1);
    assert.deepEqual(
      gitlab.requests.filter(({ method }) => method !== "GET"),
      [],
    );
    assert.deepEqual(await team.botNotes(mergeRequest), notes);
    assert.deepEqual(await titles(), ["A BUG"]);
    assert.deepEqual([present.asked.length, next.asked.length], [1, 1]);
    assert.equal((await ask("a-token-that-is-not-the-right-one")).status, 401);

    const shown = await command("show", "review");
    assert.equal(shown.code, 0, shown.stderr);
    const [head = "", ...lines] = shown.stdout.split("\n");
    assert.match(head, saying("cli.shadow.candidate"));
    assert.match(head, /^review: .*next.*http/);
    const counts = { compared: 1, mergeRequests: 1, waiting: 0, failed: 0, skipped: 0 };
    assert.equal(lines[0], `  ${t("cli.shadow.counts", counts)}`);
    assert.equal(lines[1], `  ${t("cli.shadow.findings", { both: 1, present: 0, candidate: 1 })}`);
    assert.match(lines[2] ?? "", RegExp(`^ {2}${t("shadow.present")}.*\\b120\\b`));
    assert.equal(summary.candidateTook.tokens, 120);
    const other = await command("promote", "another");
    assert.equal(other.code, 1);
    assert.ok(other.stderr.includes(t("shadow.done.shadow-unknown")));
  });

  test("a note in a finding's thread is answered by the app for answers, which can take the finding back", async () => {
    const [thread] = await findingThreads(team, mergeRequest);
    const discussionId = thread?.id ?? assert.fail("no finding");
    const say = async (body: string, runs: number): Promise<string> => {
      await gitlab.addNote(mergeRequest, team.author, { body, discussionId });
      await ended(runs);
      return (await answersIn(gitlab, mergeRequest, discussionId)).at(-1)?.body ?? "";
    };
    assert.match(await say("Are you sure?", 2), /You said: .*Are you sure\?/);
    const [first] = reply.asked;
    assert.equal(first?.["is_finding"], "yes");
    assert.match(String(first["thread"]), /It is BUG/);
    assert.match(String(first["code"]), /const a = 1; \/\/ BUG/);
    assert.equal((await findingThreads(team, mergeRequest))[0]?.notes[0]?.resolved, false);
    const answer = await say("This is not a bug: it is meant so.", 3);
    assert.match(answer, /not a bug/);
    assert.ok(answer.includes(t("conversation.withdrawn")), answer);
    assert.equal((await findingThreads(team, mergeRequest))[0]?.notes[0]?.resolved, true);
    assert.equal(reply.asked.length, 2);
    assert.ok(!JSON.stringify([reply, present, next].map(({ asked }) => asked)).includes(team.token));
  });

  test("a promoted candidate makes the next review, and the flow the one after it is taken back", async () => {
    const promoted = await command("promote", "review");
    assert.equal(promoted.code, 0, promoted.stderr);
    const decided = { candidate: "next", flow: "review" };
    const status = t("shadow.promoted");
    assert.equal(promoted.stdout, `${t("cli.shadow.decided", { ...decided, status })}\n`);
    const again = await ask(ADMIN_TOKEN, "/review/promote", "POST");
    assert.equal(again.status, 409, await again.text());
    const [asked, askedNext] = [present.asked.length, next.asked.length];
    await push("src/more.js", "const more = 1; // SMELL\n");
    await ended(4);
    assert.equal(present.asked.length, asked);
    assert.ok(next.asked.length > askedNext);
    // What the flow had read before is read by the candidate, too: both are on the same server.
    assert.deepEqual(await titles(), ["A BUG", "A SMELL", "A SMELL"]);

    const undone = await command("undo", "review");
    assert.equal(undone.code, 0, undone.stderr);
    const comparing = { ...decided, status: t("shadow.comparing") };
    assert.equal(undone.stdout, `${t("cli.shadow.decided", comparing)}\n`);
    await push("src/last.js", "const last = 1; // BUG and SMELL\n");
    await ended(5);
    assert.ok(present.asked.length > asked);
    assert.deepEqual(await titles(), ["A BUG", "A SMELL", "A SMELL", "A BUG"]);
  });
});
