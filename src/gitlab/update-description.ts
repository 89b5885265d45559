import type { MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import { Created } from "./rest-schema.ts";
import { type WriteOnceOptions, writeOnce } from "./write-once.ts";

/**
 * Gives a merge request another description; writing the same one twice does no harm.
 *
 * @see https://docs.gitlab.com/api/merge_requests/#update-mr
 */
export const updateDescription = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  description: string,
  options: Omit<WriteOnceOptions, "fields">,
): Promise<void> => {
  const params = { id: ref.projectId, iid: ref.iid };
  const route = "/projects/:id/merge_requests/:iid";
  await writeOnce(
    () =>
      client.json({ method: "PUT", route, params, body: { description }, signal: options.signal }, Created),
    async () => undefined,
    { ...options, fields: { ...params, what: "description" } },
  );
};
