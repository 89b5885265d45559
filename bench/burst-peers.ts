import { startDifyStandIn } from "../standins/dify/dify-stand-in.ts";
import { startGitLabStandIn } from "../standins/gitlab/gitlab-stand-in.ts";
import { noteApp } from "../test/e2e/review-apps.ts";
import { createTeam } from "../test/e2e/team.ts";

/**
 * GitLab and Dify for the burst, in a process of their own as they would be on machines of their own.
 * Sends the parent what to connect to, and, when asked, how many notes each merge request has.
 */

const MERGE_REQUESTS = 50;

await using gitlab = await startGitLabStandIn();
await using dify = await startDifyStandIn({ apps: [noteApp()], workers: 4 });
const team = await createTeam(gitlab);
for (let index = 0; index < MERGE_REQUESTS; index += 1) await team.openMergeRequest(`topic${index}`);

process.send?.({
  gitlabUrl: gitlab.url,
  difyUrl: dify.url,
  token: team.token,
  projectId: team.project.id,
  projectPath: team.project.path,
});
const ended = Promise.withResolvers<void>();
process.on("disconnect", ended.resolve);
process.on("message", () => {
  void Promise.all(
    team.project.mergeRequests.map(async (mergeRequest) => (await team.botNotes(mergeRequest)).length),
  ).then((notes) => process.send?.({ notes }));
});
await ended.promise;
