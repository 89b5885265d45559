import { DifyError } from "../base/errors.ts";
import { message } from "../messages/message.ts";
import type { DifyApi } from "./dify-api.ts";

/** What Dify's interface calls the kinds of its apps, where that is another word. */
const KINDS: Readonly<Record<string, string>> = { "advanced-chat": "chatflow", "agent-chat": "agent" };

/**
 * Throws a DifyError `dify-not-workflow-app` when the key's app is none that runs as a workflow. Its
 * parameters are answered all the same, and each of its runs is refused. An app that does not report its kind,
 * as in older versions, is let pass.
 */
export const checkKind = async (api: Pick<DifyApi, "info">, signal?: AbortSignal): Promise<void> => {
  const mode = await readMode(api, signal);
  if (mode === null || mode === "workflow") return;
  throw new DifyError(message("dify.not-workflow-app", { kind: KINDS[mode] ?? mode }), {
    code: "dify-not-workflow-app",
    status: 200,
    retryable: false,
  });
};

const readMode = async (api: Pick<DifyApi, "info">, signal?: AbortSignal): Promise<string | null> => {
  try {
    return (await api.info(signal)).mode ?? null;
  } catch (error) {
    if (error instanceof DifyError && error.status === 404) return null;
    throw error;
  }
};
