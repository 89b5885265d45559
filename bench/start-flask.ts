import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** The tutorial's server in a process of its own. */
export type FlaskServer = AsyncDisposable & { readonly url: string };

/** A port that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  return typeof address === "object" && address !== null ? address.port : 0;
};

/** Starts it, where Python with Flask is present; null elsewhere. */
export const startFlask = async (difyUrl: string, gitlabUrl: string): Promise<FlaskServer | null> => {
  if (spawnSync("python3", ["-c", "import flask"]).status !== 0) return null;
  const port = await freePort();
  const script = fileURLToPath(new URL("flask_tutorial.py", import.meta.url));
  const child = spawn("python3", [script, String(port), difyUrl, gitlabUrl], { stdio: "ignore" });
  const origin = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await fetch(origin).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url: `${origin}/gitlab-webhook`,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
};
