import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems give to whoever asks for any: no other test gets one of these by chance. */
const LOWEST = 10_240;
const HIGHEST = 32_000;

/** A port of the loopback address that nobody listens on, for a server that has to come back at the same place. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
};
