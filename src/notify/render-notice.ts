import type { JsonObject } from "../base/json.ts";
import type { Peer } from "../base/outside.ts";
import { reasonInFull, type Translate, translator } from "../messages/format-message.ts";
import type { Channel, Notice, NoticeFacts } from "./notice.ts";

/** Where people read more. */
export type NoticeLinks = {
  readonly gitlabUrl: string;
  /** Where browsers reach the dashboard; null where that is not known. */
  readonly dashboardUrl: string | null;
};

/** The fields of a message, the same for every form; templates know them by these names. */
export type NoticeFields = JsonObject & {
  readonly id: string;
  readonly event: string;
  /** `open` when it begins, `over` when it ends, `once` for what has no end. */
  readonly state: string;
  readonly title: string;
  readonly text: string;
  /** Where to read more; empty where there is nothing. */
  readonly url: string;
  /** When it was noticed, as ISO 8601 has it. */
  readonly at: string;
  readonly projects: readonly string[];
};

/** The message of a notice in the language of its channel. */
export const renderNotice = (notice: Notice, { language }: Channel, links: NoticeLinks): NoticeFields => {
  const t = translator(language);
  const { facts, state } = notice;
  const title = state === "over" ? t("notice.over", { title: titleOf(t, facts) }) : titleOf(t, facts);
  return {
    id: notice.id,
    event: notice.event,
    state,
    title,
    text: state === "over" ? "" : textOf(t, facts),
    url: urlOf(facts, links),
    at: new Date(notice.createdAtMs).toISOString(),
    projects: facts.projects,
  };
};

const titleOf = (t: Translate, facts: NoticeFacts): string => {
  switch (facts.kind) {
    case "failing":
      return t("notice.failing.title", { flow: facts.flow });
    case "waiting":
      return t("notice.waiting.title", { peer: peerName(t, facts.peer) });
    case "parked":
      return t("notice.parked.title", { peer: peerName(t, facts.peer) });
    case "hook":
      return t("notice.hook.title", { project: facts.projects[0] ?? "" });
    case "budget":
      return t("notice.budget.title", { setting: facts.setting });
    case "critical":
      return t("notice.critical.title", { place: placeOf(facts.mergeRequest) });
    case "test":
      return t("notice.test.title");
  }
};

const textOf = (t: Translate, facts: NoticeFacts): string => {
  switch (facts.kind) {
    case "failing":
      return t("notice.failing.text", {
        count: facts.count,
        place: placeOf(facts.mergeRequest),
        reason: reasonInFull(t, facts.reason),
      });
    case "waiting":
      return t("notice.waiting.text", { count: facts.count, since: facts.sinceMs });
    case "parked":
      return t("notice.parked.text", { count: facts.count, reason: reasonInFull(t, facts.reason) });
    case "hook":
      return facts.untilMs === null
        ? t("notice.hook.text", { address: facts.address })
        : t("notice.hook.text-until", { address: facts.address, until: facts.untilMs });
    case "budget":
      return t("notice.budget.text", { limit: facts.limit, until: facts.untilMs });
    case "critical":
      return t("notice.critical.text", {
        title: facts.title,
        path: facts.line === null ? facts.path : `${facts.path}:${facts.line}`,
      });
    case "test":
      return t("notice.test.text");
  }
};

const peerName = (t: Translate, { kind, name }: Peer): string => `${t(`peer.${kind}`)} ${name}`.trim();

const placeOf = ({ project, iid }: { readonly project: string; readonly iid: number }): string =>
  `${project}!${iid}`;

const urlOf = (facts: NoticeFacts, { gitlabUrl, dashboardUrl }: NoticeLinks): string => {
  const ofGitLab = (project: string, page: string): string =>
    `${gitlabUrl}/${project.split("/").map(encodeURIComponent).join("/")}/-/${page}`;
  switch (facts.kind) {
    case "failing":
      return dashboardUrl === null
        ? ofGitLab(facts.mergeRequest.project, `merge_requests/${facts.mergeRequest.iid}`)
        : `${dashboardUrl}/runs/${facts.runId}`;
    case "critical":
      return ofGitLab(facts.mergeRequest.project, `merge_requests/${facts.mergeRequest.iid}`);
    case "hook":
      return ofGitLab(facts.projects[0] ?? "", "hooks");
    default:
      return dashboardUrl ?? "";
  }
};

/** Slack reads three characters of its own. */
const forSlack = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A message in the form of Slack's incoming webhooks, which Mattermost and Rocket.Chat take, too. */
export const slackBody = ({ title, text, url }: NoticeFields): JsonObject => ({
  text: [
    `*${forSlack(title)}*`,
    ...(text === "" ? [] : [forSlack(text)]),
    ...(url === "" ? [] : [`<${url}>`]),
  ].join("\n"),
});
