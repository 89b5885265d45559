import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { createGitLabClient } from "../../src/gitlab/client.ts";
import { createForge } from "../../src/gitlab/forge.ts";
import { type GitLabStandIn, startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { CHANGES } from "./forge-changes.ts";
import { forgePublishingContract } from "./forge-publishing.contract.ts";
import { type ForgeHarness, forgeReadingContract, forgeWritingContract } from "./forge.contract.ts";

/** Waits are cut short; everything else is the machine's time. */
const clock = {
  now: systemClock.now,
  sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal),
};

const ACTIONS = [
  ...CHANGES.renames.map((rename) => ({ action: "rename" as const, ...rename })),
  ...CHANGES.deletes.map((path) => ({ action: "delete" as const, path })),
  ...Object.entries(CHANGES.writes).map(([path, content]) => ({ action: "write" as const, path, content })),
];

const arrange = async (standIn: GitLabStandIn) => {
  const ada = standIn.createUser({ username: "ada" });
  const project = await standIn.createProject({ path: "group/project", owner: ada, files: CHANGES.base });
  const headSha = await standIn.push(project, { branch: "feature", user: ada, actions: ACTIONS });
  const mergeRequest = await standIn.openMergeRequest(project, {
    author: ada,
    sourceBranch: "feature",
    title: "Contract",
    description: "What is promised",
    labels: ["bug"],
  });
  const { token, user } = standIn.createProjectToken(project);
  return { ada, project, headSha, mergeRequest, token, us: user };
};

const open = async (version: string, withPatch: boolean, withDrafts = true): Promise<ForgeHarness> => {
  const standIn = await startGitLabStandIn({ version });
  const { ada, project, headSha, mergeRequest, token, us } = await arrange(standIn);
  if (!withPatch) standIn.fail({ path: /\/raw_diffs$/, times: Infinity }, { kind: "status", status: 404 });
  if (!withDrafts) standIn.fail({ path: /\/draft_notes/, times: Infinity }, { kind: "status", status: 404 });
  return {
    forge: () =>
      createForge(
        createGitLabClient({ url: standIn.url, token: new Secret(token), clock, timeoutMs: 2_500 }),
        {
          clock,
        },
      ),
    ref: { projectId: project.id, iid: mergeRequest.iid },
    headSha,
    notes: async () =>
      (await standIn.viewMergeRequest(mergeRequest)).notes
        .filter(({ system }) => !system)
        .map(({ id, body, author }) => ({ id, body, ours: author.id === us.id })),
    writeAsAda: async (body) => {
      await standIn.addNote(mergeRequest, ada, { body });
    },
    resolveAsAda: async (discussionId) => {
      standIn.resolve(mergeRequest, ada, discussionId);
      return ada.id;
    },
    deleteNote: (id) => {
      const at = mergeRequest.discussions.findIndex(({ notes }) => notes.some((note) => note.id === id));
      mergeRequest.discussions.splice(at, 1);
    },
    pushMore: (readsUntilReady) =>
      standIn.push(project, {
        branch: "feature",
        user: ada,
        actions: [{ action: "write", path: "more.txt", content: "more\n" }],
        diffReadyAfterReads: readsUntilReady,
      }),
    writeToMain: async (files) => {
      await standIn.push(project, {
        branch: "main",
        user: ada,
        actions: Object.entries(files).map(([path, content]) => ({ action: "write", path, content })),
      });
    },
    failNextNote: (when, how) => {
      standIn.fail(
        { method: "POST", path: /\/notes$/ },
        how === "status" ? { kind: "html", status: 502, when } : { kind: how, when },
      );
    },
    expireToken: () => standIn.expireToken(token),
    [Symbol.asyncDispose]: async () => {
      await standIn.close();
      assert.deepEqual(standIn.failures, []);
    },
  };
};

// How much GitLab leaves out of a diff changes with its version; how it takes notes does not.
forgeReadingContract("GitLab that collapses, with raw_diffs", () => open("19.1.0", true));
forgeReadingContract("GitLab that collapses, without raw_diffs", () => open("17.8.0", false));
forgeReadingContract("GitLab that collapses nothing", () => open("19.3.0", true));
forgeWritingContract("GitLab", () => open("19.1.0", true));
forgePublishingContract("GitLab with drafts", () => open("19.1.0", true));
forgePublishingContract("GitLab without drafts", () => open("15.0.0", false, false));
