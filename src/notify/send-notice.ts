import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";
import { readBeginning } from "../base/bounded-body.ts";
import type { Clock } from "../base/clock.ts";
import { createDispatcher } from "../base/dispatcher.ts";
import { messageOfError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { maskValues } from "../base/mask-values.ts";
import { Secret } from "../base/secret.ts";
import { signDelivery } from "../gitlab/signing-token.ts";
import type { TemplateRenderer } from "../flow/ports.ts";
import { maskMessage, type Message, message, verbatim } from "../messages/message.ts";
import type { Channel } from "./notice.ts";
import { type NoticeFields, slackBody } from "./render-notice.ts";

/** A mail server with the address that mail comes from. */
export type MailServer = { readonly url: Secret; readonly from: string };

/** What notices are sent with. */
export type SenderOptions = {
  /** Null where no channel is a mail address. */
  readonly smtp: MailServer | null;
  /** Loads what renders templates; called where a channel has one. */
  readonly openRenderer: () => Promise<TemplateRenderer & AsyncDisposable>;
  readonly clock: Clock;
};

/** How a notice arrived: null, or why it did not, without any secret. */
export type SendOutcome = Message | null;

/** Sends messages to channels. */
export type Sender = AsyncDisposable & {
  readonly send: (channel: Channel, fields: NoticeFields, signal: AbortSignal) => Promise<SendOutcome>;
};

/** How long a channel may take, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How much of a refusal is kept, in characters. */
const MOST_OF_ANSWER = 300;

/**
 * Sends over the way out of this process (its proxy, its certificates) and follows no redirect. An operator's own
 * address may be private. A mail library and a renderer are loaded for the first notice that needs them.
 */
export const createSender = ({ smtp, openRenderer, clock }: SenderOptions): Sender => {
  const agent = createDispatcher({ connect: { timeout: TIMEOUT_MS }, pipelining: 0 });
  let renderer: Promise<TemplateRenderer & AsyncDisposable> | null = null;
  const renderBody = async (
    template: string,
    fields: NoticeFields,
    signal: AbortSignal,
  ): Promise<string | Message> => {
    renderer ??= openRenderer();
    const rendered = await (await renderer).render({ template, variables: fields, signal });
    if (!rendered.ok) return verbatim(rendered.message);
    return parseJson(rendered.value) === undefined ? message("notify.template-not-json") : rendered.value;
  };
  const post = async (
    { url, format, body: template, headers, key }: Channel["to"] & { kind: "http" },
    fields: NoticeFields,
    signal: AbortSignal,
  ): Promise<SendOutcome> => {
    const body =
      template === null
        ? JSON.stringify(format === "slack" ? slackBody(fields) : fields)
        : await renderBody(template, fields, signal);
    if (typeof body !== "string") return body;
    const { origin, pathname, search } = new URL(url.reveal());
    const options: Dispatcher.RequestOptions = {
      origin,
      path: `${pathname}${search}`,
      method: "POST",
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: {
        "content-type": "application/json",
        "user-agent": "Reviewflow",
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
        ...(key === null ? {} : signatureOf(key, fields.id, Math.floor(clock.now() / 1_000), body)),
      },
      body,
    };
    const answer = await request.call(agent, options);
    if (answer.statusCode >= 200 && answer.statusCode < 300) {
      answer.body.on("error", () => undefined).destroy();
      return null;
    }
    const beginning = (await readBeginning(answer.body, MOST_OF_ANSWER)).trim();
    return verbatim(`HTTP ${answer.statusCode}: ${beginning}`);
  };
  return {
    send: async (channel, fields, signal) => {
      const { to } = channel;
      const secrets =
        to.kind === "http"
          ? [...addressSecrets(to.url), ...Object.values(to.headers)]
          : smtp === null
            ? []
            : addressSecrets(smtp.url);
      const mask = maskValues(secrets, 4);
      try {
        const problem =
          to.kind === "http"
            ? await post(to, fields, signal)
            : await sendMail(smtp, { to: to.address, fields });
        return problem === null ? null : maskMessage(problem, mask);
      } catch (error) {
        return maskMessage(messageOfError(error), mask);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await agent.close().catch(() => undefined);
      const opened = await renderer?.catch(() => null);
      await opened?.[Symbol.asyncDispose]();
    },
  };
};

/** The headers with which GitLab signs its webhooks, so that one verifier serves both. */
const signatureOf = (
  key: Uint8Array,
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<string, string>> => {
  const mac = signDelivery(key, id, String(seconds), Buffer.from(body, "utf8"));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${Buffer.from(mac).toString("base64")}`,
  };
};

/** The parts of an address that let in whoever has them: all of it, its path, its query, its password. */
const addressSecrets = (url: Secret): readonly Secret[] => {
  const { pathname, search, password, username } = new URL(url.reveal());
  return [url.reveal(), pathname, search, decodeURIComponent(password), decodeURIComponent(username)]
    .filter((text) => text.length > 3)
    .map((text) => new Secret(text));
};

const sendMail = async (
  smtp: MailServer | null,
  { to, fields }: { readonly to: string; readonly fields: NoticeFields },
): Promise<SendOutcome> => {
  if (smtp === null) return message("notify.smtp-missing");
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    url: smtp.url.reveal(),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: smtp.from,
      to,
      subject: fields.title.replaceAll(/\s+/g, " "),
      text: [fields.text, fields.url].filter((part) => part !== "").join("\n\n"),
      messageId: `<${fields.id}@reviewflow>`,
      headers: { "auto-submitted": "auto-generated", "x-reviewflow-event": fields.event },
    });
    return null;
  } finally {
    transport.close();
  }
};
