import type { Environment } from "../../config/environment.ts";
import { parseBaseUrl } from "../../gitlab/base-url.ts";
import { message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";

/** Where a merge request is. */
export type MergeRequestPlace = {
  /** GitLab's address, with the path that it lives under, if any. */
  readonly serverUrl: string;
  /** The project's path or its number. */
  readonly project: string;
  readonly iid: number;
};

const PAGE = /^(.+?)\/-\/merge_requests\/(\d{1,15})(?:\/|$)/;

/** Whether what was to be reviewed is named by an address. */
export const isAddress = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * Reads the address of a merge request's page, or of a part of it. `gitlabUrl` is GitLab's own address
 * where it is known: it tells the path that GitLab lives under from the project's, and a token that is
 * meant for it is not sent elsewhere. Throws a CommandError that says what is wrong.
 */
export const readAddress = (address: string, gitlabUrl: string | null): MergeRequestPlace => {
  const url = URL.parse(address);
  const base = gitlabUrl === null ? null : new URL(parseBaseUrl(gitlabUrl));
  const folder = `${(base?.pathname ?? "").replace(/\/+$/, "")}/`;
  if (base !== null && url !== null && (url.origin !== base.origin || !url.pathname.startsWith(folder)))
    throw new CommandError(message("cli.review.other-gitlab", { url: base.href }));
  const [, path, iid] = PAGE.exec(url?.pathname.slice(folder.length) ?? "") ?? [];
  if (url === null || path === undefined || iid === undefined)
    throw new CommandError(message("cli.review.address"));
  return { serverUrl: `${url.origin}${folder.slice(0, -1)}`, project: decode(path), iid: Number(iid) };
};

const decode = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/**
 * The merge request that a pipeline of GitLab runs for; its project is the one that it is to be merged
 * into, also where the pipeline runs in a fork. Throws a CommandError outside such a pipeline.
 *
 * @see https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export const readPipeline = (environment: Environment): MergeRequestPlace => {
  const { CI_MERGE_REQUEST_IID: iid = "", CI_SERVER_URL = "", GITLAB_URL } = environment;
  const project = environment["CI_MERGE_REQUEST_PROJECT_ID"] ?? environment["CI_PROJECT_ID"] ?? "";
  const serverUrl = GITLAB_URL ?? CI_SERVER_URL;
  if (/^\d+$/.test(iid) && project !== "" && serverUrl !== "")
    return { serverUrl: parseBaseUrl(serverUrl), project, iid: Number(iid) };
  throw new CommandError(message("cli.review.no-pipeline"));
};
