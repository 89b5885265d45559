import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";

/** What the application was registered with. */
export const APPLICATION = {
  id: "application-id",
  secret: "application-secret",
  redirectUri: "https://review.example.com/dashboard/sign-in/gitlab/callback",
} as const;

/** Who would press "Authorize", and what they are in the group `platform/reviewers`. */
export type Person = {
  readonly username: string;
  readonly state?: string;
  /** Null for no member. */
  readonly level: number | null;
  readonly membership?: string;
};

/** A GitLab that knows OAuth and one group, as strict as the real one about codes, secrets and PKCE. */
export type SmallGitLab = AsyncDisposable & {
  readonly url: string;
  /** Presses "Authorize" at an address that a browser was sent to; the address that it is sent back to. */
  readonly authorize: (address: string, person: Person) => string;
  /** Tokens that were given out and not revoked. */
  readonly openTokens: Set<string>;
};

type Grant = { readonly person: Person; readonly challenge: string; readonly redirectUri: string };

/** Starts it on loopback. */
export const startSmallGitLab = async (): Promise<SmallGitLab> => {
  const codes = new Map<string, Grant>();
  const tokens = new Map<string, Person>();
  const openTokens = new Set<string>();

  const grant = (fields: URLSearchParams): object | null => {
    const found = codes.get(fields.get("code") ?? "");
    codes.delete(fields.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(fields.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight =
      found !== undefined &&
      found.challenge === challenge &&
      found.redirectUri === fields.get("redirect_uri") &&
      fields.get("grant_type") === "authorization_code";
    if (!isRight) return null;
    const token = randomBytes(12).toString("hex");
    tokens.set(token, found.person);
    openTokens.add(token);
    return { access_token: token, token_type: "Bearer", expires_in: 7_200, scope: "read_api" };
  };

  const answer = (path: string, fields: URLSearchParams, token: string): readonly [number, unknown] => {
    const isClient =
      fields.get("client_id") === APPLICATION.id && fields.get("client_secret") === APPLICATION.secret;
    if (path === "/oauth/token") {
      const given = isClient ? grant(fields) : null;
      return given === null ? [400, { error: "invalid_grant" }] : [200, given];
    }
    if (path === "/oauth/revoke") {
      if (isClient) openTokens.delete(fields.get("token") ?? "");
      return [isClient ? 200 : 403, {}];
    }
    const person = openTokens.has(token) ? tokens.get(token) : undefined;
    if (person === undefined) return [401, { message: "401 Unauthorized" }];
    if (path === "/api/v4/user") {
      return [200, { id: 42, username: person.username, state: person.state ?? "active" }];
    }
    if (path === "/api/v4/groups/platform%2Freviewers/members/all/42" && person.level !== null) {
      return [200, { id: 42, access_level: person.level, membership_state: person.membership ?? "active" }];
    }
    return [404, { message: "404 Not found" }];
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
      const fields = new URLSearchParams(Buffer.concat(chunks).toString());
      const [status, body] = answer(request.url ?? "", fields, token);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    url: `http://127.0.0.1:${port}`,
    openTokens,
    authorize: (sentTo, person) => {
      const { pathname, searchParams } = new URL(sentTo);
      const ask = (name: string): string => searchParams.get(name) ?? "";
      const isRight =
        pathname === "/oauth/authorize" &&
        ask("client_id") === APPLICATION.id &&
        ask("redirect_uri") === APPLICATION.redirectUri &&
        ask("response_type") === "code" &&
        ask("scope") === "read_api" &&
        ask("code_challenge_method") === "S256" &&
        ask("code_challenge").length === 43;
      if (!isRight) throw new Error(`GitLab would refuse this request: ${sentTo}`);
      const code = randomBytes(8).toString("hex");
      codes.set(code, { person, challenge: ask("code_challenge"), redirectUri: ask("redirect_uri") });
      const query = new URLSearchParams({ code, state: ask("state") });
      return `/dashboard/sign-in/gitlab/callback?${query.toString()}`;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
