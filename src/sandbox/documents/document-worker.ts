/** The document worker thread: reads one document per message. Loads the reader of a format for its first document. */
import { parentPort } from "node:worker_threads";
import type { DocumentFormat } from "../../flow/ports.ts";
import {
  type DocumentAnswer,
  type DocumentJob,
  MAX_CHARACTERS,
  tooLarge,
  UnreadableDocument,
} from "./document-job.ts";

const READERS: Readonly<Record<DocumentFormat, () => Promise<(bytes: Uint8Array) => Promise<string>>>> = {
  pdf: async () => (await import("./pdf.ts")).readPdf,
  docx: async () => (await import("./word.ts")).readWord,
  xlsx: async () => (await import("./sheets.ts")).readSheets,
  html: async () => (await import("./web-page.ts")).readWebPage,
  pptx: async () => (await import("./slides.ts")).readSlides,
};

const read = async ({ format, bytes }: DocumentJob): Promise<DocumentAnswer> => {
  const reader = await READERS[format]();
  try {
    const text = await reader(bytes);
    if (text.length > MAX_CHARACTERS) throw tooLarge("characters", MAX_CHARACTERS);
    return { ok: true, text };
  } catch (error) {
    // What a library says of a broken archive or of broken XML helps nobody.
    return { ok: false, problem: error instanceof UnreadableDocument ? error.problem : { kind: "broken" } };
  }
};

const answer = async (job: DocumentJob): Promise<void> => {
  const text = await read(job);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(text);
};

// The job is the host's own and was typed there.
parentPort?.on("message", (job: DocumentJob) => void answer(job));
