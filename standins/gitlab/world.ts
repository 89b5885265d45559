import type {
  Award,
  Group,
  MergeRequest,
  Notification,
  Project,
  QuickActionRecord,
  Token,
  User,
} from "./state.ts";

/** Limits as GitLab sets them by default; each can be changed for a test. */
type Limits = {
  /** A patch above this is `collapsed` where `collapseDiffs` is on: a tenth of the hard limit.† */
  readonly collapsePatchBytes: number;
  /** A patch above this is `too_large` and has no text anywhere. */
  readonly maxPatchBytes: number;
  readonly safeFiles: number;
  readonly safeLines: number;
  readonly safeBytes: number;
  readonly maxFiles: number;
  readonly maxLines: number;
  /** Notes by one user in a minute; null sets no limit. */
  readonly notesPerMinute: number | null;
  /** API requests by one user in a minute; null sets no limit and sends no RateLimit headers. */
  readonly requestsPerMinute: number | null;
  readonly noteCharacters: number;
};

/** How the stand-in behaves; every field has a default. */
export type StandInOptions = {
  /** The port to listen on; 0 (the default) takes a free one. */
  readonly port?: number;
  /** The path that everything is below, as GitLab's relative URL root has it, such as `/git`. Default: none. */
  readonly relativeRoot?: string;
  /** What `/version` says; below 19.0 signing tokens are ignored, below 19.2 diffs collapse. Default 19.1.0. */
  readonly version?: string;
  readonly limits?: Partial<Limits>;
  /** How long a hook's receiver may take. Default 10 s. */
  readonly hookTimeoutMs?: number;
  /** Whether large diffs come without text; by default as the version has it. */
  readonly collapseDiffs?: boolean;
  /** The clock; `advanceTime` moves it on. */
  readonly now?: () => number;
};

const DEFAULT_LIMITS: Limits = {
  collapsePatchBytes: 20_480,
  maxPatchBytes: 204_800,
  safeFiles: 100,
  safeLines: 5_000,
  safeBytes: 512_000,
  maxFiles: 1_000,
  maxLines: 50_000,
  notesPerMinute: 300,
  requestsPerMinute: null,
  noteCharacters: 1_000_000,
};

/** All that the stand-in knows, changed in place by routes and scenarios. */
export type World = {
  readonly relativeRoot: string;
  readonly version: string;
  readonly limits: Limits;
  readonly hookTimeoutMs: number;
  readonly collapseDiffs: boolean;
  /** Milliseconds since the epoch on the stand-in's clock. */
  readonly now: () => number;
  readonly timestamp: () => string;
  readonly advanceTime: (ms: number) => void;
  readonly nextId: (kind: string) => number;
  readonly atLeast: (major: number, minor: number) => boolean;
  /** The base address; set when the server listens. */
  url: string;
  readonly users: User[];
  readonly groups: Group[];
  readonly tokens: Token[];
  readonly projects: Project[];
  readonly awards: Award[];
  readonly quickActions: QuickActionRecord[];
  readonly notifications: Notification[];
};

/** An empty world. */
export const createWorld = (options: StandInOptions): World => {
  const clock = options.now ?? Date.now;
  const counters = new Map<string, number>();
  const version = options.version ?? "19.1.0";
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const atLeast = (major: number, minor: number): boolean =>
    ownMajor > major || (ownMajor === major && ownMinor >= minor);
  let offset = 0;
  const now = () => clock() + offset;
  return {
    relativeRoot: options.relativeRoot ?? "",
    version,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    hookTimeoutMs: options.hookTimeoutMs ?? 10_000,
    collapseDiffs: options.collapseDiffs ?? !atLeast(19, 2),
    now,
    timestamp: () => new Date(now()).toISOString(),
    advanceTime: (ms) => {
      offset += ms;
    },
    nextId: (kind) => {
      const next = (counters.get(kind) ?? 0) + 1;
      counters.set(kind, next);
      return next;
    },
    atLeast,
    url: "",
    users: [],
    groups: [],
    tokens: [],
    projects: [],
    awards: [],
    quickActions: [],
    notifications: [],
  };
};

/** A group by its number or path. */
export const findGroup = (world: World, id: string): Group | undefined =>
  world.groups.find((group) => String(group.id) === id || group.path === id);

/** The diff version that the merge request shows now. */
export const latestVersion = (mergeRequest: MergeRequest) => mergeRequest.versions.at(-1) ?? null;

/** The role of a user in a project: 0 for none; an administrator is an owner everywhere. */
export const accessLevel = (project: Project, user: User | null): number => {
  if (user === null) return 0;
  return user.admin ? 50 : (project.members.get(user.id) ?? 0);
};

/** Whether the project exists for this user; GitLab answers 404 where it does not. */
export const canSee = (project: Project, user: User | null): boolean =>
  project.visibility === "public" ||
  (project.visibility === "internal" && user !== null) ||
  accessLevel(project, user) > 0;
