/** The template worker thread: renders one template per message. */
import { parentPort } from "node:worker_threads";
import { renderTemplate } from "./render-template.ts";
import type { TemplateAnswer, TemplateJob } from "./template-messages.ts";

const render = ({ template, variables, maxCharacters }: TemplateJob): TemplateAnswer =>
  renderTemplate(template, variables, maxCharacters);

// The job is the host's own and was typed there; checking it again would cost more than rendering it.
parentPort?.on("message", (job: TemplateJob) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(render(job));
});
