import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import { createGitLabClient } from "../../gitlab/client.ts";
import { createForge } from "../../gitlab/forge.ts";
import { message } from "../../messages/message.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import { CommandError } from "../command-error.ts";
import type { MergeRequestPlace } from "./choose-merge-request.ts";

/** The token of GITLAB_TOKEN, or of the file that GITLAB_TOKEN_FILE names. Throws a CommandError without. */
export const readToken = ({ GITLAB_TOKEN, GITLAB_TOKEN_FILE }: Environment): Secret => {
  const text = GITLAB_TOKEN ?? (GITLAB_TOKEN_FILE === undefined ? "" : readTokenFile(GITLAB_TOKEN_FILE));
  if (text.trim() !== "") return new Secret(text.trim());
  throw new CommandError(message("cli.review.no-token"));
};

const readTokenFile = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError(message("cli.review.token-file", { file }), { cause });
  }
};

/** A merge request with the forge that it is on. */
export type OpenedMergeRequest = { readonly forge: Forge; readonly mergeRequest: MergeRequest };

const Project = z.object({ id: z.int() });

/** Reads a merge request from GitLab. Failures are thrown as GitLabError. */
export const openMergeRequest = async (
  { serverUrl, project, iid }: MergeRequestPlace,
  token: Secret,
  { clock, logger, signal }: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<OpenedMergeRequest> => {
  const client = createGitLabClient({ url: serverUrl, token, clock, logger });
  const request = { route: "/projects/:id", params: { id: project }, signal };
  const { id: projectId } = await client.json(request, Project);
  const forge = createForge(client, { clock, logger });
  return { forge, mergeRequest: await forge.fetchMergeRequest({ projectId, iid }, signal) };
};
