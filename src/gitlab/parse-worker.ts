import { parentPort } from "node:worker_threads";
import { type DeliveryReading, parseDelivery } from "./parse-delivery.ts";

/** A delivery to be parsed where nobody waits. */
export type ParseJob = { readonly body: Uint8Array; readonly eventHeader: string | undefined };

parentPort?.on("message", ({ body, eventHeader }: ParseJob) => {
  const reading: DeliveryReading = parseDelivery(body, eventHeader);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(reading);
});
