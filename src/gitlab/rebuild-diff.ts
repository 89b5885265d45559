import type { Message } from "../messages/message.ts";
import { decodeText } from "../base/decode-text.ts";
import { GitLabError } from "../base/errors.ts";
import { decodePatch } from "../diff/decode-patch.ts";
import { type PatchedFile, parsePatch } from "../diff/parse-patch.ts";
import type { DiffRefs } from "../diff/position.ts";
import { unifiedHunks } from "../diff/unified-hunks.ts";
import type { ChangedFile, DiffProblem, MergeRequestRef } from "../review/forge.ts";
import type { GitLabClient } from "./client.ts";
import type { DiffEntry } from "./rest-schema.ts";

/** The patch of a merge request, or the failure that kept us from it. */
export type PatchReading =
  | { readonly kind: "patch"; readonly files: readonly PatchedFile[] }
  | { readonly kind: "failed"; readonly error: GitLabError };

/**
 * Reads the whole patch with `raw_diffs` (GitLab 17.9 and later). An older GitLab, or one that cannot make
 * the patch in time, is no failure: blobs remain. A token that is refused is thrown.
 */
export const fetchPatch = async (
  client: GitLabClient,
  ref: MergeRequestRef,
  signal?: AbortSignal,
): Promise<PatchReading> => {
  try {
    const bytes = await client.bytes({
      route: "/projects/:id/merge_requests/:iid/raw_diffs",
      params: { id: ref.projectId, iid: ref.iid },
      signal,
    });
    return { kind: "patch", files: parsePatch(decodePatch(bytes)) };
  } catch (error) {
    if (!(error instanceof GitLabError) || error.code === "gitlab-unauthorized") throw error;
    return { kind: "failed", error };
  }
};

const SUBMODULE = "160000";

/** As far as git looks for a zero byte to tell binary files. */
const BINARY_PROBE_BYTES = 8_000;

/** Whether git takes a content for binary: a zero byte near its beginning. */
export const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, BINARY_PROBE_BYTES).includes(0);

const unavailable = (cause: DiffProblem["cause"], detail?: Message): ChangedFile["diff"] => ({
  kind: "unavailable",
  problem: { cause, ...(detail === undefined ? {} : { detail }) },
});

/**
 * Makes a file's hunks from its two versions, each at most `maxBytes` long. What GitLab does not give or
 * what is too large is `unavailable`; a failure that may pass is thrown.
 */
export const diffFromBlobs = async (
  client: GitLabClient,
  projectId: number,
  entry: DiffEntry,
  refs: DiffRefs,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<ChangedFile["diff"]> => {
  if (entry.a_mode === SUBMODULE || entry.b_mode === SUBMODULE) return unavailable("submodule");
  const fetchBlob = (path: string, ref: string): Promise<Uint8Array> =>
    client.bytes({
      route: "/projects/:id/repository/files/:path/raw",
      params: { id: projectId, path },
      query: { ref },
      maxBytes,
      signal,
    });
  try {
    const [oldBytes, newBytes] = await Promise.all([
      entry.new_file ? new Uint8Array() : fetchBlob(entry.old_path, refs.baseSha),
      entry.deleted_file ? new Uint8Array() : fetchBlob(entry.new_path, refs.headSha),
    ]);
    if (isBinary(oldBytes) || isBinary(newBytes)) return { kind: "binary" };
    return { kind: "text", text: hunksOf(oldBytes, newBytes), source: "blobs" };
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable || error.code === "gitlab-unauthorized")
      throw error;
    if (error.code === "gitlab-response-too-large") return unavailable("large");
    return unavailable("refused", error.what);
  }
};

/** Compares byte by byte (Latin-1 holds any byte), so that broken UTF-8 hides no change. */
const hunksOf = (oldBytes: Uint8Array, newBytes: Uint8Array): string => {
  const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
  return decodeText(Buffer.from(unifiedHunks(toText(oldBytes), toText(newBytes)), "latin1"));
};
