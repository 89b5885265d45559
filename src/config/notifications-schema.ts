import { z } from "zod";
import { issueOf } from "../base/data-problems.ts";
import { problemAt } from "../base/errors.ts";
import { NOTICE_EVENTS } from "../base/notice-events.ts";
import type { Secret } from "../base/secret.ts";
import { type Message, message } from "../messages/message.ts";
import { globs, secretText } from "./schema-values.ts";

const BY_DEFAULT = NOTICE_EVENTS.filter((event) => event !== "critical_finding");

const isChannel = (url: Secret): boolean => {
  const parsed = URL.parse(url.reveal());
  if (parsed === null) return false;
  if (parsed.protocol === "mailto:") return /^[^\s@]+@[^\s@]+$/.test(parsed.pathname);
  return parsed.protocol === "https:" || parsed.protocol === "http:";
};

/** The address is a secret as a whole: whoever has it can write to the room. */
const channelUrl = secretText.refine(isChannel, issueOf(message("config.not-a-channel")));

const Notification = z.strictObject({
  url: channelUrl,
  /** What is sent where no `body` says it. */
  format: z.enum(["json", "slack"]).default("json"),
  /** A Jinja2 template over the message's fields that makes the JSON for any other service. */
  body: z.string().min(1).nullable().default(null),
  /** What a service asks for besides, such as `Authorization`. */
  headers: z.record(z.string().regex(/^[\w-]+$/), secretText).default({}),
  /** A signing token as GitLab makes them; requests are signed with it as GitLab signs its own. */
  secret: secretText.nullable().default(null),
  events: z.array(z.enum(NOTICE_EVENTS)).min(1).default(BY_DEFAULT),
  projects: globs.nullable().default(null),
  language: z.string().min(1).max(64).default("English"),
});

/** Where operators are told of what they should know. */
export const NotificationsSection = z.array(Notification).default([]);

const isMailServer = (url: Secret): boolean => /^smtps?:$/.test(URL.parse(url.reveal())?.protocol ?? "");

/** The server that takes mail for `mailto:` addresses. */
export const SmtpSection = z
  .strictObject({
    url: secretText.refine(isMailServer, issueOf(message("config.not-a-mail-server"))),
    from: z.string().min(3),
  })
  .nullable()
  .default(null);

/** One of the NotificationsSection as the program uses it. */
export type NotificationConfig = Readonly<z.infer<typeof Notification>>;

/** SmtpSection as the program uses it. */
export type SmtpConfig = Readonly<NonNullable<z.infer<typeof SmtpSection>>>;

/** What no single key of the two sections shows, each with the key to change. */
export const checkNotifications = (
  notifications: readonly NotificationConfig[],
  smtp: SmtpConfig | null,
  checkSigningToken: (token: string) => Message | null,
): readonly Message[] =>
  notifications.flatMap(({ url, secret, body, format, headers }, index) => {
    const at = `notifications[${index}]`;
    const isMail = url.reveal().startsWith("mailto:");
    const problem = secret === null ? null : checkSigningToken(secret.reveal());
    return [
      ...(isMail && smtp === null ? [problemAt("smtp", message("config.mail-without-server", { at }))] : []),
      ...(isMail && (secret !== null || body !== null || format !== "json" || Object.keys(headers).length > 0)
        ? [problemAt(at, message("config.mail-with-http"))]
        : []),
      ...(problem === null ? [] : [problemAt(`${at}.secret`, problem)]),
    ];
  });
