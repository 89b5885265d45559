import { createHash } from "node:crypto";
import { type Answer, ApiError } from "../../../../standins/gitlab/answers.ts";
import type { PageHandler, PageRequest } from "../../../../standins/gitlab/pages.ts";
import { isLoopback, isSameOrigin } from "../../../http/dashboard/access.ts";
import { carryOut } from "./act.ts";
import { findAsset } from "./assets.ts";
import type { Markup } from "./markup.ts";
import { mergeRequestPage, plainPage } from "./merge-request-page.ts";
import { pathOf } from "./page-model.ts";
import { readModel, type Scene } from "./read-model.ts";
import { chooseLanguage } from "../../../messages/choose-language.ts";
import { formatMessage } from "../../../messages/format-message.ts";
import { findLanguage } from "../../../messages/language.ts";

/** Only files of this server; no inline script or style, no frame, no form to elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};

const COOKIE = "demo_language";

const answer = async (page: Markup, status = 200, known?: string): Promise<Answer> => {
  const bytes = Buffer.from(String(await page));
  const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  if (status === 200 && known === tag) return { status: 304, headers: { ...HEADERS, ETag: tag }, body: null };
  return { status, headers: { ...HEADERS, ETag: tag }, body: { type: "text/html; charset=utf-8", bytes } };
};

const seeOther = (path: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { ...HEADERS, ...headers, Location: path },
  body: null,
});

const languageFor = ({ headers }: PageRequest): string => {
  const cookie = new RegExp(`(?:^|;\\s*)${COOKIE}=([a-z]+)`).exec(headers.cookie ?? "")?.[1];
  return chooseLanguage(cookie, headers["accept-language"]);
};

const header = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;

/**
 * The demo's pages at the address of the GitLab stand-in: a merge request where GitLab's links lead, as a
 * reviewer sees it. For this machine alone: a page under another host's name, or a form of another page,
 * is refused.
 */
export const createPage =
  (scene: Scene): PageHandler =>
  async (request) => {
    const { method, url, headers } = request;
    const language = languageFor(request);
    const refusal = (code: "demo.refused" | "demo.missing", status: number) =>
      answer(plainPage(language, formatMessage(language, code)), status);
    if (!isLoopback(headers.host ?? "")) return refusal("demo.refused", 403);
    const asset = findAsset(url.pathname);
    if (asset !== undefined)
      return { status: 200, headers: { ...HEADERS, "Cache-Control": "max-age=3600" }, body: asset };
    const chosen = findLanguage(url.searchParams.get("lang") ?? "");
    if (chosen !== null) return seeOther(url.pathname, languageCookie(chosen));
    const opened = scene.desk.opened();
    const [first] = opened;
    if (url.pathname === "/" && first !== undefined) return seeOther(pathOf(first.mergeRequest));
    const found = opened.find(({ mergeRequest }) => isBelow(url.pathname, pathOf(mergeRequest)));
    if (found === undefined) return refusal("demo.missing", 404);
    const action = /\/-\/act\/([a-z]+)$/.exec(url.pathname)?.[1];
    if (method !== "POST" || action === undefined)
      return answer(
        mergeRequestPage(await readModel(scene, found.mergeRequest, language)),
        200,
        header(headers["if-none-match"]),
      );
    const sent = {
      "sec-fetch-site": header(headers["sec-fetch-site"]),
      origin: headers.origin,
      host: headers.host,
    };
    if (!isSameOrigin(sent, null)) return refusal("demo.refused", 403);
    const fields = new URLSearchParams(request.body.toString("utf8"));
    return perform(action, { scene, mergeRequest: found.mergeRequest, fields, language });
  };

const languageCookie = (language: string): Readonly<Record<string, string>> => ({
  "Set-Cookie": `${COOKIE}=${language}; Path=/; SameSite=Strict; Max-Age=86400`,
});

const isBelow = (path: string, merge: string): boolean =>
  path === merge || path.startsWith(`${merge}/-/act/`);

const perform = async (action: string, act: Parameters<typeof carryOut>[1]): Promise<Answer> => {
  try {
    const next = await carryOut(action, act);
    return next === null
      ? await answer(plainPage(act.language, formatMessage(act.language, "demo.missing")), 404)
      : seeOther(next);
  } catch (error) {
    // What GitLab would refuse, such as a note that is too long, is for the person at the page.
    if (error instanceof ApiError) return answer(plainPage(act.language, error.message), error.answer.status);
    throw error;
  }
};
