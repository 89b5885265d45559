import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { NoticeEvent } from "../base/notice-events.ts";
import type { Config } from "../config/config.ts";
import { createGitLabClient } from "../gitlab/client.ts";
import { createHookApi } from "../gitlab/hooks/hook-api.ts";
import { createHookHealth } from "../gitlab/hooks/hook-health.ts";
import { parseSigningToken } from "../gitlab/signing-token.ts";
import type { CauseSources } from "../notify/gather-causes.ts";
import type { Channel } from "../notify/notice.ts";
import type { Notifications, NotificationsOptions } from "../notify/notifications.ts";
import type { NoticeLinks } from "../notify/render-notice.ts";
import { budgetDay } from "../review/budgets/budget-day.ts";
import { type Budgets, findUsedUp, NOTHING_SPENT } from "../review/budgets/find-used-up.ts";
import type { OpenedStore } from "../store/open-store.ts";
import type { ProjectSpent } from "../store/spending/create-spending.ts";

/** The channels of a configuration. */
export const channelsOf = ({ notifications }: Pick<Config, "notifications">): readonly Channel[] =>
  notifications.map(({ url, format, body, headers, secret, events, projects, language }) => {
    const { protocol, host, pathname } = new URL(url.reveal());
    const signing = secret === null ? null : parseSigningToken(secret.reveal());
    const isMail = protocol === "mailto:";
    const form = body === null ? format : "template";
    return {
      id: createHash("sha256")
        .update(JSON.stringify([url.reveal(), form, language]))
        .digest("hex")
        .slice(0, 24),
      label: isMail ? "mail" : `${form} ${host}`,
      to: isMail
        ? { kind: "mail", address: decodeURIComponent(pathname) }
        : { kind: "http", url, format, body, headers, key: signing?.kind === "valid" ? signing.key : null },
      events: new Set(events),
      projects,
      language,
    };
  });

/** Where messages lead to. */
export const noticeLinks = ({ gitlab, server }: Pick<Config, "gitlab" | "server">): NoticeLinks => ({
  gitlabUrl: gitlab.url,
  dashboardUrl: server.publicUrl === null ? null : `${server.publicUrl}/dashboard`,
});

/** What sends messages of a configuration; loads what the first of them needs. */
export const openSender = async (
  { smtp }: Pick<Config, "smtp">,
  clock: Clock,
): Promise<NotificationsOptions["sender"]> => {
  const { createSender } = await import("../notify/send-notice.ts");
  return createSender({
    smtp,
    clock,
    openRenderer: async () => {
      const { createTemplateRenderer } = await import("../sandbox/create-template-renderer.ts");
      return createTemplateRenderer({ clock, concurrency: 1 });
    },
  });
};

/** What telling operators shares with the rest of the server. */
export type NotificationParts = {
  readonly store: Pick<OpenedStore, "notices" | "outages" | "reconciliation">;
  readonly budgetsToday: () => Promise<{
    readonly budgets: Budgets;
    readonly spent: readonly ProjectSpent[];
  }>;
  readonly onSent: NotificationsOptions["onSent"];
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often it looks for what to tell, in milliseconds. */
  readonly everyMs: number;
};

/** What tells operators of a server what they should know; nothing is loaded where no channel is configured. */
export const createConfiguredNotifications = async (
  config: Config,
  { store, budgetsToday, onSent, clock, logger, everyMs }: NotificationParts,
): Promise<Notifications> => {
  const { createNotifications, noNotifications } = await import("../notify/notifications.ts");
  const channels = channelsOf(config);
  if (channels.length === 0) return noNotifications;
  const wants = (event: NoticeEvent): boolean => channels.some(({ events }) => events.has(event));
  return createNotifications({
    channels,
    sources: {
      notices: store.notices,
      outages: store.outages.list,
      reachedBudgets: async () =>
        reachedOf(await budgetsToday(), budgetDay(clock.now(), config.budgets.timeZone)),
      hooks: wants("hook_disabled") ? hooksOf(config, store, clock) : null,
      wantsFindings: wants("critical_finding"),
      clock,
    },
    store: store.notices,
    leases: store.reconciliation,
    sender: await openSender(config, clock),
    links: noticeLinks(config),
    clock,
    logger,
    everyMs,
    ...(onSent === undefined ? {} : { onSent }),
  });
};

const HOOKS_TIMEOUT_MS = 5_000;

const hooksOf = (
  { gitlab: { url, token } }: Config,
  { reconciliation }: NotificationParts["store"],
  clock: Clock,
): CauseSources["hooks"] => {
  if (token === null) return null;
  const client = createGitLabClient({
    url,
    token,
    tokenName: "GITLAB_TOKEN",
    timeoutMs: HOOKS_TIMEOUT_MS,
    maxAttempts: 1,
    clock,
    logger: silentLogger,
  });
  return {
    projects: reconciliation.listProjects,
    health: createHookHealth({ hooks: createHookApi(client, "GITLAB_TOKEN"), clock }),
  };
};

const reachedOf = (
  { budgets, spent }: { readonly budgets: Budgets; readonly spent: readonly ProjectSpent[] },
  { endsAtMs: untilMs }: { readonly endsAtMs: number },
): Awaited<ReturnType<CauseSources["reachedBudgets"]>> => {
  const total = spent.reduce(
    (sum, one) => ({ tokens: sum.tokens + one.tokens, cost: sum.cost + one.cost, runs: sum.runs + one.runs }),
    NOTHING_SPENT,
  );
  const ofAll = findUsedUp(
    { total: budgets.total, projects: [] },
    "",
    { total, project: NOTHING_SPENT },
    false,
  );
  const noTotal = { tokens: null, cost: null, runs: null };
  return [
    ...(ofAll === null ? [] : [{ setting: ofAll.setting, limit: ofAll.limit, untilMs, project: null }]),
    ...spent.flatMap((project) => {
      const { projectPath } = project;
      const own = findUsedUp(
        { ...budgets, total: noTotal },
        projectPath,
        { total: NOTHING_SPENT, project },
        false,
      );
      return own === null ? [] : [{ setting: own.setting, limit: own.limit, untilMs, project: projectPath }];
    }),
  ];
};
