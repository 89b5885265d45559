import { join } from "node:path";
import type { Context } from "./context.ts";
import { afterPush, openMergeRequest, retargetChain, updateMergeRequest } from "./lifecycle.ts";
import type { MergeRequestUpdate } from "./lifecycle.ts";
import { createNote, deleteNote, findDiscussion, resolveDiscussion } from "./noting.ts";
import type { PositionInput } from "./positions.ts";
import { createRepository } from "./repository.ts";
import type { FileAction } from "./repository.ts";
import { ACCESS_LEVELS } from "./state.ts";
import type { Discussion, MergeRequest, Note, Project, User } from "./state.ts";
import { closeMergeRequest, mergeMergeRequest, reopenMergeRequest } from "./transitions.ts";
import { viewMergeRequest } from "./view.ts";
import type { MergeRequestView } from "./view.ts";

/** A project to create; `owner` gets the role of its name. */
type ProjectInput = {
  /** With its groups, such as `group/sub/project`. */
  readonly path: string;
  readonly owner: User;
  readonly description?: string;
  /** Default `private`. */
  readonly visibility?: Project["visibility"];
  /** Default `main`. */
  readonly defaultBranch?: string;
  /** The first commit on the default branch; without any the repository stays empty. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
};

/** A commit to push. */
type PushInput = {
  readonly branch: string;
  readonly user: User;
  readonly actions: readonly FileAction[];
  readonly message?: string;
  /**
   * The branch or SHA to build on: for a new branch (default: the default branch), or for a force push of one
   * that exists (default: its own head).
   */
  readonly from?: string;
  /** How many reads of its merge requests see `diff_refs` null after the push. Default 0. */
  readonly diffReadyAfterReads?: number;
};

/** A merge request to open. */
type MergeRequestInput = {
  readonly author: User;
  readonly sourceBranch: string;
  /** Default: the default branch. */
  readonly targetBranch?: string;
  /** A fork of the project. Default: the project itself. */
  readonly sourceProject?: Project;
  readonly title?: string;
  readonly description?: string;
  readonly labels?: readonly string[];
  readonly reviewers?: readonly User[];
  /** How many reads of it see `diff_refs` null. Default 0. */
  readonly diffReadyAfterReads?: number;
};

/** A note as a human writes it on the page. Without thread and position it is a single comment. */
type HumanNote = {
  readonly body: string;
  readonly discussionId?: string;
  /** Starts a thread, on a line where it is a position. */
  readonly thread?: PositionInput | true;
  readonly internal?: boolean;
};

/** The scenario API: what people and git do, with all events that follow from it. */
export type Scenario = {
  readonly createProject: (input: ProjectInput) => Promise<Project>;
  readonly fork: (project: Project, owner: User, path: string) => Promise<Project>;
  /** Commits and pushes; the SHA. Open merge requests from the branch get a new diff version. */
  readonly push: (project: Project, input: PushInput) => Promise<string>;
  readonly deleteBranch: (project: Project, user: User, branch: string) => Promise<void>;
  readonly openMergeRequest: (project: Project, input: MergeRequestInput) => Promise<MergeRequest>;
  readonly updateMergeRequest: (
    mergeRequest: MergeRequest,
    user: User,
    update: MergeRequestUpdate,
  ) => Promise<void>;
  readonly closeMergeRequest: (mergeRequest: MergeRequest, user: User) => Promise<void>;
  readonly reopenMergeRequest: (mergeRequest: MergeRequest, user: User) => Promise<void>;
  readonly mergeMergeRequest: (mergeRequest: MergeRequest, user: User) => Promise<boolean>;
  /** Null where the text was nothing but quick actions. */
  readonly addNote: (
    mergeRequest: MergeRequest,
    user: User,
    note: HumanNote,
  ) => Promise<{ readonly note: Note; readonly discussion: Discussion } | null>;
  readonly resolve: (
    mergeRequest: MergeRequest,
    user: User,
    discussionId: string,
    resolved?: boolean,
  ) => void;
  /** Deletes the note that a discussion began with, and with its only note the discussion. */
  readonly deleteFirstNote: (mergeRequest: MergeRequest, user: User, discussionId: string) => void;
  readonly viewMergeRequest: (mergeRequest: MergeRequest) => Promise<MergeRequestView>;
};

const addProject = async (
  { world }: Context,
  folder: string,
  input: ProjectInput,
  forkedFrom: Project | null,
): Promise<Project> => {
  if (world.projects.some((project) => project.path === input.path)) {
    throw new Error(`the project ${input.path} exists already`);
  }
  const id = world.nextId("project");
  const defaultBranch = input.defaultBranch ?? "main";
  const project: Project = {
    id,
    path: input.path,
    name: input.path.split("/").at(-1) ?? input.path,
    description: input.description ?? null,
    visibility: input.visibility ?? "private",
    defaultBranch,
    protectedBranches: new Set(),
    repository: await createRepository(join(folder, `${id}.git`), defaultBranch),
    forkedFrom,
    createdAt: world.timestamp(),
    archived: false,
    mergeRequestsEnabled: true,
    members: new Map([[input.owner.id, ACCESS_LEVELS.owner]]),
    mergeRequests: [],
    hooks: [],
    statuses: [],
  };
  world.projects.push(project);
  return project;
};

const identityOf = (user: User) => ({ name: user.name, email: `${user.username}@stand-in.invalid` });

const parentOf = async (project: Project, input: PushInput): Promise<string | null> => {
  const { repository, defaultBranch } = project;
  if (input.from === undefined) {
    return (
      (await repository.resolve(`refs/heads/${input.branch}`)) ??
      (await repository.resolve(`refs/heads/${defaultBranch}`))
    );
  }
  const found =
    (await repository.resolve(`refs/heads/${input.from}`)) ?? (await repository.resolve(input.from));
  if (found === null) throw new Error(`push: nothing is called ${input.from}`);
  return found;
};

const push = async (context: Context, project: Project, input: PushInput): Promise<string> => {
  const { repository } = project;
  const before = await repository.resolve(`refs/heads/${input.branch}`);
  const after = await repository.commit({
    branch: input.branch,
    parent: await parentOf(project, input),
    message: input.message ?? `Change ${input.branch}`,
    actions: input.actions,
    author: identityOf(input.user),
    at: new Date(context.world.now()),
  });
  const { user, branch, diffReadyAfterReads } = input;
  await afterPush(context, project, {
    user,
    branch,
    before,
    after,
    diffReadyAfterReads: diffReadyAfterReads ?? 0,
  });
  return after;
};

const createFork = async (context: Context, folder: string, project: Project, owner: User, path: string) => {
  const fork = await addProject(
    context,
    folder,
    { path, owner, visibility: project.visibility, defaultBranch: project.defaultBranch },
    project,
  );
  for (const branch of await project.repository.branches()) {
    const sha = await project.repository.resolve(`refs/heads/${branch}`);
    if (sha === null) continue;
    await fork.repository.fetchFrom(project.repository.folder, sha);
    await fork.repository.setBranch(branch, sha);
  }
  return fork;
};

const addNote: (context: Context) => Scenario["addNote"] = (context) => async (mergeRequest, user, input) => {
  const thread = {
    kind: "thread",
    position: input.thread === true || input.thread === undefined ? null : input.thread,
  } as const;
  const outcome = await createNote(context, mergeRequest, user, {
    body: input.body,
    internal: input.internal ?? false,
    place:
      input.discussionId !== undefined
        ? { kind: "reply", discussionId: input.discussionId }
        : input.thread === undefined
          ? { kind: "individual" }
          : thread,
  });
  return outcome.kind === "note" ? { note: outcome.note, discussion: outcome.discussion } : null;
};

/** The scenario API over a world; repositories are made below `folder`. */
export const createScenario = (context: Context, folder: string): Scenario => ({
  createProject: async (input) => {
    const project = await addProject(context, folder, input, null);
    const files = Object.entries(input.files ?? {});
    if (files.length > 0) {
      await push(context, project, {
        branch: project.defaultBranch,
        user: input.owner,
        message: "Initial commit",
        actions: files.map(([path, content]) => ({ action: "write", path, content })),
      });
    }
    return project;
  },
  fork: (project, owner, path) => createFork(context, folder, project, owner, path),
  push: (project, input) => push(context, project, input),
  deleteBranch: async (project, user, branch) => {
    const before = await project.repository.resolve(`refs/heads/${branch}`);
    await project.repository.setBranch(branch, null);
    await afterPush(context, project, { user, branch, before, after: null });
    await retargetChain(context, project, user, branch);
  },
  openMergeRequest: (project, input) =>
    openMergeRequest(context, project, {
      author: input.author,
      sourceProject: input.sourceProject ?? project,
      sourceBranch: input.sourceBranch,
      targetBranch: input.targetBranch ?? project.defaultBranch,
      title: input.title ?? `Merge ${input.sourceBranch}`,
      description: input.description ?? "",
      labels: input.labels ?? [],
      reviewers: input.reviewers ?? [],
      diffReadyAfterReads: input.diffReadyAfterReads ?? 0,
    }),
  updateMergeRequest: (mergeRequest, user, update) => updateMergeRequest(context, mergeRequest, user, update),
  closeMergeRequest: (mergeRequest, user) => closeMergeRequest(context, mergeRequest, user),
  reopenMergeRequest: (mergeRequest, user) => reopenMergeRequest(context, mergeRequest, user),
  mergeMergeRequest: (mergeRequest, user) => mergeMergeRequest(context, mergeRequest, user),
  addNote: addNote(context),
  resolve: (mergeRequest, user, discussionId, resolved = true) =>
    resolveDiscussion(context, mergeRequest, user, findDiscussion(mergeRequest, discussionId), resolved),
  deleteFirstNote: (mergeRequest, user, discussionId) => {
    const discussion = findDiscussion(mergeRequest, discussionId);
    const [note] = discussion.notes;
    if (note !== undefined) deleteNote(mergeRequest, user, { note, discussion });
  },
  viewMergeRequest: (mergeRequest) => viewMergeRequest(context.world, mergeRequest),
});
