import { z } from "zod";
import { startGitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import type { GitLabStandIn } from "../../../standins/gitlab/gitlab-stand-in.ts";
import type { StandInOptions } from "../../../standins/gitlab/world.ts";

/** An answer of the stand-in as tests look at it. */
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
};

/** One request; the body is sent as JSON. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Reply>;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Calls the API with a token, or as nobody. */
export const callAs =
  (standIn: GitLabStandIn, token: string | null): Call =>
  async (method, path, body) => {
    const response = await fetch(`${standIn.url}/api/v4/${path}`, {
      method,
      redirect: "manual",
      headers: {
        ...(token === null ? {} : { "PRIVATE-TOKEN": token }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text), text };
  };

/** A record of an answer, whatever is in it. */
export const Row = z.record(z.string(), z.unknown());
/** A list of them. */
export const Rows = z.array(Row);
export const Discussion = z.looseObject({ id: z.string(), individual_note: z.boolean(), notes: Rows });

export const FILE = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);

/** A project with one open merge request that changes `a.txt`, and tokens of a bot and a Maintainer. */
export const openProject = async (options: StandInOptions = {}) => {
  const standIn = await startGitLabStandIn(options);
  const owner = standIn.createUser({ username: "owner" });
  const dev = standIn.createUser({ username: "dev" });
  const project = await standIn.createProject({
    path: "group/sub/project",
    owner,
    files: {
      "a.txt": `${FILE.join("\n")}\n`,
      "old name.txt": `${FILE.join("\n")}\n`,
      "gone.txt": "one\ntwo\n",
    },
  });
  standIn.addMember(project, dev, "developer");
  const changed = FILE.toSpliced(9, 1, "changed 10").toSpliced(20, 0, "inserted");
  await standIn.push(project, {
    branch: "feature",
    user: dev,
    actions: [
      { action: "write", path: "a.txt", content: `${changed.join("\n")}\n` },
      { action: "write", path: "new.txt", content: "first\nsecond\n" },
      { action: "delete", path: "gone.txt" },
      { action: "rename", from: "old name.txt", to: "dir/new näme.txt" },
      { action: "write", path: "dir/new näme.txt", content: `${FILE.toSpliced(4, 1, "five").join("\n")}\n` },
      { action: "write", path: "image.png", content: Buffer.from([0x89, 0x50, 0, 1, 2, 3]) },
    ],
  });
  const mergeRequest = await standIn.openMergeRequest(project, { author: dev, sourceBranch: "feature" });
  const bot = standIn.createProjectToken(project, { role: "developer" });
  const api = callAs(standIn, bot.token);
  const admin = callAs(standIn, standIn.createPersonalToken(owner));
  const base = `projects/${project.id}/merge_requests/${mergeRequest.iid}`;
  const version = mergeRequest.versions[0];
  if (version === undefined) throw new Error("the merge request has no version");
  const refs = { base_sha: version.base, start_sha: version.start, head_sha: version.head };
  return { standIn, owner, dev, project, mergeRequest, bot, api, admin, base, refs };
};
