import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.ts";
import { Secret } from "../../src/base/secret.ts";
import { parseSigningToken } from "../../src/gitlab/signing-token.ts";
import { verifySignature } from "../../src/gitlab/verify-signature.ts";
import { formatMessage } from "../../src/messages/format-message.ts";
import type { Channel, Notice } from "../../src/notify/notice.ts";
import { renderNotice } from "../../src/notify/render-notice.ts";
import { createSender, type MailServer } from "../../src/notify/send-notice.ts";
import { createTemplateRenderer } from "../../src/sandbox/create-template-renderer.ts";
import { reasonOf } from "../../src/base/reason.ts";
import { startMailServer, startReceiver } from "./receivers.ts";

const TOKEN = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const LINKS = { gitlabUrl: "https://gitlab.test", dashboardUrl: "https://reviews.test/dashboard" };
/** What people and servers write into names. */
const NASTY = `a "quoted" 'name' \\ <b> & {{ url }} \u2028 日本語 \t`;

const notice = (state: Notice["state"] = "open"): Notice => ({
  id: "018f0000-0000-7000-8000-000000000001",
  event: "parked",
  state,
  createdAtMs: 1_790_000_000_000,
  facts: {
    kind: "parked",
    peer: { kind: "model", name: NASTY },
    reason: reasonOf("model-failed", { error: "x", detail: "line one\nline two" }),
    count: 3,
    projects: ["team/shop"],
  },
});

const httpChannel = (url: string, more: Partial<Channel["to"] & { kind: "http" }> = {}): Channel => ({
  id: "c",
  label: "json",
  to: { kind: "http", url: new Secret(url), format: "json", body: null, headers: {}, key: null, ...more },
  events: new Set(["parked"]),
  projects: null,
  language: "English",
});

const send = async (channel: Channel, of = notice(), smtp: MailServer | null = null) => {
  await using sender = createSender({
    smtp,
    openRenderer: async () => createTemplateRenderer({ concurrency: 1 }),
    clock: systemClock,
  });
  const signal = new AbortController().signal;
  const problem = await sender.send(channel, renderNotice(of, channel, LINKS), signal);
  if (problem === null) return null;
  const { text } = problem.params;
  return typeof text === "string" ? text : problem.code;
};

const Fields = z.object({
  id: z.string(),
  event: z.string(),
  state: z.string(),
  title: z.string(),
  text: z.string(),
  url: z.string(),
  at: z.string(),
  projects: z.array(z.string()),
});

describe("a channel by HTTP", () => {
  it("gets the fields as JSON, signed so that GitLab's verifier takes it", async () => {
    await using receiver = await startReceiver();
    const reading = parseSigningToken(TOKEN);
    const key = reading.kind === "valid" ? reading.key : assert.fail("no key");
    assert.equal(await send(httpChannel(`${receiver.url}/hooks/a?x=1`, { key })), null);
    const [one] = receiver.received;
    assert.equal(one?.path, "/hooks/a?x=1");
    const fields = Fields.parse(JSON.parse(one?.body ?? ""));
    assert.equal(
      fields.title,
      formatMessage("en", "notice.parked.title", {
        peer: `${formatMessage("en", "peer.model")} ${NASTY}`.trim(),
      }),
    );
    assert.deepEqual(fields.projects, ["team/shop"]);
    assert.equal(fields.state, "open");
    const headers = Object.fromEntries(
      Object.entries(one?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    assert.equal(headers["webhook-id"], fields.id);
    const options = { signingTokens: [{ secret: new Secret(TOKEN), projects: null }] };
    const verify = (body: string) => verifySignature(headers, Buffer.from(body), Date.now(), options);
    assert.equal("code" in verify(one?.body ?? ""), false);
    assert.equal("code" in verify(`${one?.body ?? ""} `), true);
  });

  it("gets Slack's form with its three characters escaped", async () => {
    await using receiver = await startReceiver();
    assert.equal(await send(httpChannel(receiver.url, { format: "slack" })), null);
    const { text } = z.object({ text: z.string() }).parse(JSON.parse(receiver.received[0]?.body ?? ""));
    assert.ok(text.includes("&lt;b&gt; &amp;") && !text.includes("<b>"));
    assert.ok(text.endsWith(`<${LINKS.dashboardUrl}>`));
  });

  it("says why it did not take a message, without its address or headers", async () => {
    const path = "/services/T000/secretpart";
    await using receiver = await startReceiver(() => ({
      status: 403,
      text: `no ${path} Bearer hidden-token ${"x".repeat(10_000)}`,
    }));
    const headers = { authorization: new Secret("Bearer hidden-token") };
    const problem = await send(httpChannel(receiver.url + path, { headers }));
    assert.match(problem ?? "", /^HTTP 403: no \[secret\] \[secret\]/);
    assert.ok((problem ?? "").length < 400);
    assert.equal(receiver.received[0]?.headers.authorization, "Bearer hidden-token");
    const closed = await send(httpChannel(`http://127.0.0.1:1${path}`));
    assert.notEqual(closed, null);
    assert.doesNotMatch(closed ?? "", /secretpart/);
  });

  it("is not followed to another address", async () => {
    await using other = await startReceiver();
    await using receiver = await startReceiver(() => ({ status: 307, location: other.url }));
    assert.match((await send(httpChannel(receiver.url))) ?? "", /^HTTP 307/);
    assert.equal(other.received.length, 0);
  });

  it("gets no message from a template that makes no JSON", async () => {
    await using receiver = await startReceiver();
    const template = '{"text": "{{ title }}"}';
    assert.equal(await send(httpChannel(receiver.url, { body: template })), "notify.template-not-json");
    assert.match((await send(httpChannel(receiver.url, { body: "{% if %}" }))) ?? "", /./);
    assert.equal(receiver.received.length, 0);
  });
});

describe("the templates in docs/notifications.md", () => {
  const document = readFileSync(new URL("../../docs/notifications.md", import.meta.url), "utf8");
  const blocks = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  const Entries = z.object({ notifications: z.array(z.object({ url: z.string(), body: z.string() })) });
  const { notifications } = Entries.parse(parse(blocks.find((block) => block.includes("body:")) ?? ""));

  it("are there for eight services", () => assert.equal(notifications.length, 8));
  for (const { url, body } of notifications)
    it(`make valid JSON of whatever is told: ${url.replaceAll(/[${}]/g, "")}`, async () => {
      for (const state of ["open", "over"] as const) {
        await using receiver = await startReceiver();
        const channel = httpChannel(receiver.url, { body });
        assert.equal(await send(channel, notice(state)), null);
        const texts = textsIn(JSON.parse(receiver.received[0]?.body ?? ""));
        const { title } = renderNotice(notice(state), channel, LINKS);
        assert.ok(texts.some((text) => text.includes(title)));
      }
    });
});

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

describe("a channel by mail", () => {
  const mailChannel: Channel = {
    ...httpChannel("http://unused.test"),
    to: { kind: "mail", address: "ops@example.com" },
    language: "Japanese",
  };

  it("gets a message in its language", async () => {
    await using server = await startMailServer(new Map([["flow", "s3cret-word"]]));
    const smtp = {
      url: new Secret(`smtp://flow:s3cret-word@127.0.0.1:${server.port}`),
      from: "Reviewflow <reviewflow@example.com>",
    };
    assert.equal(await send(mailChannel, notice(), smtp), null);
    const [mail] = server.mails;
    assert.match(mail?.from ?? "", /<reviewflow@example\.com>/);
    assert.match(mail?.to ?? "", /<ops@example\.com>/);
    assert.match(mail?.data ?? "", /^Auto-Submitted: auto-generated/im);
    assert.match(mail?.data ?? "", /^Message-ID: <018f0000-0000-7000-8000-000000000001@reviewflow>/im);
    assert.match(mail?.data ?? "", /^Subject: =\?UTF-8\?/im);
  });

  it("says that a password was refused, and not which", async () => {
    await using server = await startMailServer(new Map([["flow", "another"]]));
    const smtp = {
      url: new Secret(`smtp://flow:s3cret-word@127.0.0.1:${server.port}`),
      from: "a@example.com",
    };
    const problem = await send(mailChannel, notice(), smtp);
    assert.match(problem ?? "", /535/);
    assert.doesNotMatch(problem ?? "", /s3cret-word/);
    assert.equal(server.mails.length, 0);
  });
});
