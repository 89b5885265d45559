import { message } from "../messages/message.ts";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { GitLabError, ReviewflowError } from "../base/errors.ts";
import type { GitLabClient } from "../gitlab/client.ts";
import { isAtLeast } from "../gitlab/hooks/fetch-version.ts";
import { findProjects, type FoundProjects } from "../gitlab/hooks/find-projects.ts";
import { createHookApi, type HookApi } from "../gitlab/hooks/hook-api.ts";
import type { HookProject, ProjectHook } from "../gitlab/hooks/schema.ts";
import { type HookSettings, wishFor } from "../gitlab/hooks/wanted-hook.ts";
import { type Diagnosis, fail, warn } from "./diagnosis.ts";
import type { GitLabSeen, NamedClient } from "./examine-gitlab.ts";
import { diagnoseEvents, lostEvents, resendable } from "./diagnose-events.ts";
import { fixFor } from "./diagnose-gitlab.ts";
import { diagnoseHooks, ourHooks } from "./diagnose-hooks.ts";
import { diagnoseForkStatus, diagnoseProject, type ForkStatus } from "./diagnose-project.ts";
import { resendEvents } from "./resend-events.ts";

/** What projects are examined with. */
export type ProjectsSubject = {
  /** Projects and groups, by path. */
  readonly names: readonly string[];
  readonly service: NamedClient | null;
  readonly admin: NamedClient | null;
  readonly seen: GitLabSeen;
  readonly clock: Clock;
  /** The flow that a project has by the configuration. */
  readonly flowOf: (path: string) => { readonly name: string; readonly setsStatus: boolean } | null;
  readonly hooks: Omit<HookSettings, "url" | "renewSecrets" | "hasSigningTokens"> & {
    readonly url: string | null;
  };
  /** Have events that never arrived sent again. */
  readonly resend: boolean;
  /** Told of every address that a hook of ours calls. */
  readonly onHookUrl: (url: string) => void;
};

/** Looks at projects and their hooks. Yields what it finds as it finds it. */
export async function* examineProjects(subject: ProjectsSubject): AsyncGenerator<Diagnosis> {
  // What our user may not see is to be found, too.
  const finder = subject.admin ?? subject.service;
  if (finder === null) return;
  if (subject.names.length === 0) {
    yield warn("project-found", message("doctor.project.none"), message("doctor.project.none.fix"));
    return;
  }
  let found: FoundProjects;
  try {
    found = await findProjects(finder.client, subject.names);
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    yield fail("project-found", error.what, fixFor(error));
    return;
  }
  const { projects, problems } = found;
  for (const problem of problems)
    yield fail("project-found", problem, message("doctor.project.unseen.fix", { token: finder.tokenName }));
  for (const project of projects) {
    try {
      yield* examineProject(subject, project);
    } catch (error) {
      if (!(error instanceof GitLabError)) throw error;
      yield fail(
        "project-found",
        message("doctor.project.failed", { path: project.path_with_namespace, message: error.what }),
        fixFor(error),
      );
    }
  }
}

async function* examineProject(subject: ProjectsSubject, project: HookProject): AsyncGenerator<Diagnosis> {
  const { service, admin, seen } = subject;
  const path = project.path_with_namespace;
  const user = seen.user;
  const flow = subject.flowOf(path);
  yield* diagnoseProject({
    path,
    hasMergeRequests: project.merge_requests_enabled !== false,
    flow: flow?.name ?? null,
    accessLevel:
      service === null || user === null
        ? null
        : user.is_admin === true
          ? 50
          : await fetchRole(service.client, project.id, user.id),
    tokenName: service?.tokenName ?? "",
  });
  const reader = service ?? admin;
  if (flow?.setsStatus === true && reader !== null)
    yield await examineForkStatus(reader.client, project, flow.name);
  if (admin !== null) yield* examineHooks(subject, project, createHookApi(admin.client, admin.tokenName));
}

const Member = z.object({ access_level: z.int() });

/** The role of a user in a project, those that come from groups included; 0 for none. */
const fetchRole = async (client: GitLabClient, id: number, user: number): Promise<number> => {
  try {
    const route = "/projects/:id/members/all/:user";
    return (await client.json({ route, params: { id, user } }, Member)).access_level;
  } catch (error) {
    if (error instanceof GitLabError && error.status === 404) return 0;
    throw error;
  }
};

const Opened = z.object({
  iid: z.int(),
  sha: z.string().nullish(),
  source_project_id: z.int().nullish(),
  target_project_id: z.int(),
});
const NamedStatus = z.object({ name: z.string() });

/** How the newest open merge request from a fork stands, among the hundred that were changed last; null for none. */
const findForkStatus = async (client: GitLabClient, id: number, name: string): Promise<ForkStatus | null> => {
  const opened = await client.json(
    {
      route: "/projects/:id/merge_requests",
      params: { id },
      query: { state: "opened", order_by: "updated_at", per_page: 100 },
    },
    z.array(Opened),
  );
  const fork = opened.find(
    ({ sha, source_project_id: source, target_project_id: target }) => sha && source !== target,
  );
  if (fork === undefined) return null;
  const { iid, sha = null } = fork;
  const statuses = await client.json(
    {
      route: "/projects/:id/repository/commits/:sha/statuses",
      params: { id, sha: String(sha) },
      query: { name, per_page: 100 },
    },
    z.array(NamedStatus),
  );
  return { iid, isSet: statuses.some((status) => status.name === name) };
};

const examineForkStatus = async (
  client: GitLabClient,
  { id, path_with_namespace: path }: HookProject,
  flow: string,
): Promise<Diagnosis> => {
  try {
    const fork = await findForkStatus(client, id, `reviewflow/${flow}`);
    return diagnoseForkStatus({ path, flow, fork });
  } catch (error) {
    if (!(error instanceof GitLabError)) throw error;
    return warn(
      "commit-status",
      message("doctor.project.failed", { path, message: error.what }),
      fixFor(error),
    );
  }
};

async function* examineHooks(
  subject: ProjectsSubject,
  project: HookProject,
  api: HookApi,
): AsyncGenerator<Diagnosis> {
  const path = project.path_with_namespace;
  const { version } = subject.seen;
  const { url } = subject.hooks;
  const hasSigningTokens = isAtLeast(version, 19, 0);
  const wish = wishFor(path, { ...subject.hooks, url: url ?? "", renewSecrets: false, hasSigningTokens });
  if (!wish.ok) {
    yield fail(
      "hook-secret",
      message("doctor.project.failed", { path, message: wish.problem }),
      message("doctor.hook.secret.fix"),
    );
    return;
  }
  let hooks: readonly ProjectHook[];
  try {
    hooks = await api.list(project.id);
  } catch (error) {
    if (!(error instanceof GitLabError) || error.status !== 403) throw error;
    yield warn(
      "hook-present",
      message("doctor.hook.hidden", { path, message: error.what }),
      message("doctor.hook.hidden.fix"),
    );
    return;
  }
  const facts = { path, hooks, wanted: { ...wish.wanted, url } };
  const ours = ourHooks(facts);
  const events: Diagnosis[] = [];
  for (const hook of ours) {
    subject.onHookUrl(hook.url);
    events.push(...(await examineEvents(subject, project, api, hook)));
  }
  yield* diagnoseHooks(facts);
  yield* events;
}

const examineEvents = async (
  { clock, resend }: ProjectsSubject,
  project: HookProject,
  api: HookApi,
  hook: ProjectHook,
): Promise<readonly Diagnosis[]> => {
  const path = project.path_with_namespace;
  const told = { path, hookId: hook.id };
  try {
    const events = await api.events(project.id, hook.id);
    const lost = resendable(lostEvents(events), hook.url);
    if (!resend || lost.length === 0) return [diagnoseEvents({ ...told, events })];
    const sent = await resendEvents({ api, clock, projectId: project.id, ...told, events: lost });
    return [...sent.diagnoses, diagnoseEvents({ ...told, events: [...sent.attempts, ...events] })];
  } catch (error) {
    if (!(error instanceof ReviewflowError)) throw error;
    return [
      warn(
        "hook-events",
        message("doctor.events.hidden", { hook: hook.id, path, message: error.what }),
        message("doctor.events.hidden.fix"),
      ),
    ];
  }
};
