import { systemClock } from "../../src/base/clock.ts";
import { useProxies } from "../../src/base/dispatcher.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyTransport } from "../../src/dify/dify-transport.ts";
import { createTestClient, modelRequest } from "../llm/model-setup.ts";

useProxies();

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : codeOf(error.cause);
};

const get = async (url: string): Promise<number | string> => {
  try {
    return (await fetch(url)).status;
  } catch (error) {
    return codeOf(error);
  }
};

const ask = async (timeouts: { readonly firstTokenMs?: number }): Promise<string> => {
  const { client } = createTestClient(
    [
      {
        name: "main",
        provider: "openai-compatible",
        model: "m",
        baseUrl: "http://model.invalid/v1",
        apiKey: null,
        timeouts,
      },
    ],
    { retry: { attempts: 1, baseMs: 1, maxMs: 1 } },
  );
  const answer = await client.generate(modelRequest());
  return answer.ok ? answer.value.text : answer.errorType;
};

const dify = async (): Promise<string | null> => {
  const transport = createDifyTransport({
    baseUrl: "http://dify.invalid",
    apiKey: new Secret("app-key"),
    connectMs: 5_000,
    answerMs: 5_000,
    clock: systemClock,
  });
  try {
    await transport.bare({ method: "GET", route: "/info", path: "/info" });
  } catch (error) {
    return codeOf(error);
  }
  return transport.version();
};

process.stdout.write(
  JSON.stringify({
    gitlab: await get("http://gitlab.invalid/api/v4/version"),
    dify: await dify(),
    model: await ask({ firstTokenMs: 20_000 }),
    patient: await ask({ firstTokenMs: 600_000 }),
    loopback: await get(`http://127.0.0.1:${process.argv[2] ?? ""}/`),
  }),
);
process.exit(0);
