import { type Message, message } from "../messages/message.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import type { MergeRequestEvent } from "./delivery-event.ts";
import type { MergeRequest } from "./forge.ts";

/** What a flow's inputs may be made of. */
export type InputSources = {
  readonly event: MergeRequestEvent;
  readonly mergeRequest: MergeRequest;
  /** The rendered diff; only asked for when a template uses it. */
  readonly diff: string | null;
  readonly gitlabUrl: string;
  readonly token: Secret;
  readonly language: string;
};

/** The values of a mapping: templates with `{{ … }}`, or constants. */
export type InputTemplates = Readonly<Record<string, string | number | boolean>>;

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Each placeholder and where its value comes from. `gitlab.token` is the only secret among them. */
const PLACEHOLDERS: ReadonlyMap<string, (sources: InputSources) => string> = new Map(
  Object.entries<(sources: InputSources) => string>({
    "gitlab.url": ({ gitlabUrl }) => gitlabUrl,
    "gitlab.token": ({ token }) => token.reveal(),
    "project.id": ({ mergeRequest }) => String(mergeRequest.ref.projectId),
    "project.path": ({ mergeRequest }) => mergeRequest.projectPath,
    "mr.iid": ({ mergeRequest }) => String(mergeRequest.ref.iid),
    "mr.title": ({ mergeRequest }) => mergeRequest.title,
    "mr.description": ({ mergeRequest }) => mergeRequest.description,
    "mr.url": ({ mergeRequest }) => mergeRequest.webUrl,
    "mr.state": ({ mergeRequest }) => mergeRequest.state,
    "mr.author": ({ mergeRequest }) => mergeRequest.author.username,
    "mr.source_branch": ({ mergeRequest }) => mergeRequest.sourceBranch,
    "mr.target_branch": ({ mergeRequest }) => mergeRequest.targetBranch,
    "mr.labels": ({ mergeRequest }) => mergeRequest.labels.join(", "),
    "mr.head_sha": ({ mergeRequest }) => mergeRequest.headSha,
    "mr.base_sha": ({ mergeRequest }) => mergeRequest.diffRefs.baseSha,
    "mr.diff": ({ diff }) => diff ?? "",
    "event.action": ({ event }) => event.action ?? "",
    "event.user": ({ event }) => event.user.username,
    "config.language": ({ language }) => language,
  }),
);

/** The names that templates may use, for documents and messages. */
const PLACEHOLDER_NAMES: readonly string[] = [...PLACEHOLDERS.keys()];

const namesIn = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name]) => name ?? "");

/** What is wrong with a template, such as an unknown placeholder; null for nothing. */
export const checkTemplate = (template: string): Message | null => {
  const unknown = namesIn(template).filter((name) => !PLACEHOLDERS.has(name));
  return unknown.length === 0
    ? null
    : message("config.placeholder-unknown", {
        unknown: unknown.map((name) => `{{ ${name} }}`),
        known: PLACEHOLDER_NAMES,
      });
};

/** Whether any template of the mapping uses the placeholder. */
export const usesPlaceholder = (templates: InputTemplates, name: string): boolean =>
  Object.values(templates).some(
    (template) => typeof template === "string" && namesIn(template).includes(name),
  );

/**
 * The inputs for one run. Constants keep their type; a template gives a text. Values are put in as they
 * are and never expanded again, so that a title cannot smuggle a placeholder in.
 */
export const buildInputs = (templates: InputTemplates, sources: InputSources): JsonObject =>
  Object.fromEntries(
    Object.entries(templates).map(([input, template]): [string, Json] => [
      input,
      typeof template === "string"
        ? template.replace(PLACEHOLDER, (whole, name: string) => PLACEHOLDERS.get(name)?.(sources) ?? whole)
        : template,
    ]),
  );

/** The tutorial's five inputs, with the merge request's number so that only that one is reviewed. */
const CLASSIC_INPUTS: InputTemplates = {
  PrivateToken: "{{ gitlab.token }}",
  prjid: "{{ project.id }}",
  siteurl: "{{ gitlab.url }}",
  branch: "{{ mr.target_branch }}",
  state: "{{ mr.state }}",
  iid: "{{ mr.iid }}",
  language: "{{ config.language }}",
};

/** A flow that judges and leaves GitLab to us never gets a token. */
const NOTE_INPUTS: InputTemplates = {
  title: "{{ mr.title }}",
  description: "{{ mr.description }}",
  diff: "{{ mr.diff }}",
  source_branch: "{{ mr.source_branch }}",
  target_branch: "{{ mr.target_branch }}",
  author: "{{ mr.author }}",
  language: "{{ config.language }}",
};

/** What a flow of each contract gets where the configuration says nothing. */
export const DEFAULT_INPUTS: Readonly<Record<"classic" | "note", InputTemplates>> = {
  classic: CLASSIC_INPUTS,
  note: NOTE_INPUTS,
};
