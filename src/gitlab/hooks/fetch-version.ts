import { z } from "zod";
import type { GitLabClient } from "../client.ts";

/** The version of a GitLab server. */
export type GitLabVersion = { readonly text: string; readonly major: number; readonly minor: number };

const Version = z.object({ version: z.string() });

/**
 * Asks GitLab for its version; a text that is none counts as 0.0. Throws GitLabError.
 *
 * @see https://docs.gitlab.com/api/version/
 */
export const fetchVersion = async (client: GitLabClient): Promise<GitLabVersion> => {
  const { version: text } = await client.json({ route: "/version" }, Version);
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { text, major: Number(major), minor: Number(minor) };
};

/** Whether a version is at least another. */
export const isAtLeast = (version: GitLabVersion, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);
