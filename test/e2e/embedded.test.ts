import { ConfigError } from "../../src/base/errors.ts";
import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createClassicApp } from "../../standins/dify/flow-program.ts";
import { startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import type { LoggedRequest } from "../../standins/gitlab/request-log.ts";
import type { MergeRequest } from "../../standins/gitlab/state.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { SECRET, startForTeam } from "./start.ts";
import { setUpEmbedded, startEmbedded } from "./start-embedded.ts";
import { addHook, createTeam, eventually, type Team } from "./team.ts";

/**
 * Whether our server asks it for itself: who we are, at its start, what it may have missed, and the reaction that shows
 * a review under way, which no review waits for.
 */
const isOurOwn = ({ path, query }: LoggedRequest): boolean =>
  path === "/api/v4/user" ||
  path === "/api/v4/projects" ||
  "updated_after" in query ||
  /\/award_emoji(\/\d+)?$/.test(path);

/** What GitLab was asked about the merge request, without what differs by time alone. */
const shape = (requests: readonly LoggedRequest[]) =>
  requests
    .filter((request) => !isOurOwn(request))
    .map(({ method, path, query, status, user }) => ({
      method,
      path,
      query,
      status,
      isBot: user?.includes("_bot_") ?? false,
    }));

const reviewed = async (team: Team, mergeRequest: MergeRequest): Promise<string> => {
  const [note = ""] = await eventually("the note", async () => {
    const notes = await team.allBotNotes(mergeRequest);
    return notes.length > 0 ? notes : undefined;
  });
  return note;
};

const runOnDify = async (): Promise<{ note: string; requests: unknown }> => {
  await using gitlab = await startGitLabStandIn();
  await using dify = await startDifyStandIn({ apps: [await createClassicApp("app-classic")] });
  const team = await createTeam(gitlab);
  await using reviewflow = await startForTeam(team, dify, {
    DIFY_API_KEY: "app-classic",
    REVIEWFLOW_CONTRACT: undefined,
  });
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  gitlab.clearRequests();
  const note = await reviewed(team, await team.openMergeRequest("cart"));
  return { note, requests: shape(gitlab.requests) };
};

const runHere = async (text: string, stream: boolean): Promise<{ note: string; requests: unknown }> => {
  await using gitlab = await startGitLabStandIn();
  await using model = await startModelStandIn({ script: () => text });
  const team = await createTeam(gitlab);
  await using setup = await setUpEmbedded(team, model, {
    models: { main: { model: "stand-in", base_url: model.url, stream } },
  });
  await using reviewflow = await startEmbedded(setup);
  await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });
  gitlab.clearRequests();
  const note = await reviewed(team, await team.openMergeRequest("cart"));
  const [call, ...others] = model.calls();
  assert.equal(others.length, 0);
  assert.equal(call?.chat?.stream ?? false, stream);
  assert.ok(!JSON.stringify(model.calls()).includes(team.token));
  return { note, requests: shape(gitlab.requests) };
};

suite("a workflow file without Dify", () => {
  test("the classic flow asks GitLab the same on Dify and here, with a model that streams and one that does not", async () => {
    const onDify = await runOnDify();
    // The flow puts a heading before the model's text.
    const text = onDify.note.split("\n\n").slice(1).join("\n\n");
    for (const stream of [true, false]) {
      const here = await runHere(text, stream);
      assert.equal(here.note, onDify.note);
      assert.deepEqual(here.requests, onDify.requests);
    }
  });

  test("a file that cannot run, a model and a dataset that are missing stop the start, all at once", async () => {
    await using gitlab = await startGitLabStandIn();
    await using model = await startModelStandIn();
    const team = await createTeam(gitlab);
    await using setup = await setUpEmbedded(team, model, {
      models: {
        main: { model: "stand-in", base_url: model.url },
        spare: { model: "stand-in", base_url: model.url },
      },
      model_routing: { default: "missing" },
      flows: [
        { name: "a", file: "nowhere.yml", contract: "note" },
        { name: "b", file: "reviewflow.yml", contract: "note" },
      ],
    });
    await assert.rejects(startEmbedded(setup), (error) => {
      assert.ok(error instanceof ConfigError);
      const problems = error.problems.map(plain);
      assert.match(problems[0] ?? "", /^flows\.a\.file: flow\.file-unreadable file=\S*nowhere\.yml /);
      assert.ok(
        problems.some((problem) => problem.startsWith("flows.b.file: flow.")),
        problems.join("\n"),
      );
      return true;
    });
  });
});
