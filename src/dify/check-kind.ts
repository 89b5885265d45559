import { DifyError } from "../base/errors.ts";
import type { DifyApi } from "./dify-api.ts";

/** Dify's names for the kinds of its apps, in the words of its interface. */
const KINDS: Readonly<Record<string, string>> = {
  chat: "a chatbot",
  "advanced-chat": "a chatflow",
  "agent-chat": "an agent",
  completion: "a text generator",
};

/**
 * Throws a DifyError `dify-not-workflow-app` when the key's app is none that runs as a workflow. Its
 * parameters are answered all the same, and each of its runs is refused. An app that does not report its kind,
 * as in older versions, is let pass.
 */
export const checkKind = async (api: Pick<DifyApi, "info">, signal?: AbortSignal): Promise<void> => {
  const mode = await readMode(api, signal);
  if (mode === null || mode === "workflow") return;
  throw new DifyError(
    `The Dify API key (DIFY_API_KEY) opens ${KINDS[mode] ?? `an app of the kind ${mode}`}, which runs no workflow; take the key of an app of the kind workflow`,
    { code: "dify-not-workflow-app", status: 200, retryable: false },
  );
};

const readMode = async (api: Pick<DifyApi, "info">, signal?: AbortSignal): Promise<string | null> => {
  try {
    return (await api.info(signal)).mode ?? null;
  } catch (error) {
    if (error instanceof DifyError && error.status === 404) return null;
    throw error;
  }
};
