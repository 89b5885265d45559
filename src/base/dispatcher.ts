import type { Agent as AgentOf, Dispatcher } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";
import EnvHttpProxyAgent from "undici/lib/dispatcher/env-http-proxy-agent.js";
import { setGlobalDispatcher } from "undici/lib/global.js";

const PROXIES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] as const;

const isProxied = (): boolean => PROXIES.some((name) => (process.env[name] ?? "") !== "");

/** Never through a proxy: what listens on this machine is this machine's. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

const noProxy = (): string =>
  [process.env["no_proxy"] ?? process.env["NO_PROXY"] ?? "", ...LOOPBACK].filter(Boolean).join(",");

/**
 * The way out of this process for calls of one kind: through the proxy that HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY name, in small or capital letters, or straight. Authorities come from NODE_EXTRA_CA_CERTS, as
 * Node itself takes them.
 */
export const createDispatcher = (options: AgentOf.Options): Dispatcher =>
  isProxied() ? new EnvHttpProxyAgent({ ...options, noProxy: noProxy() }) : new Agent(options);

/** Lets Node's own fetch take that way, too. */
export const useProxies = (): void => {
  if (isProxied()) setGlobalDispatcher(createDispatcher({}));
};
