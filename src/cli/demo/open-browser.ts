import { spawn } from "node:child_process";

/** A program with its parameters. */
export type BrowserCommand = { readonly command: string; readonly parameters: readonly string[] };

/**
 * What opens a page in somebody's browser; null where nobody would see it: on Linux without a display, and
 * over SSH, whose browser would be on another machine.
 */
export const browserCommand = (
  url: string,
  platform: string,
  environment: Readonly<Record<string, string | undefined>>,
): BrowserCommand | null => {
  const has = (name: string): boolean => (environment[name] ?? "") !== "";
  if (has("SSH_CONNECTION") || has("SSH_TTY") || environment["BROWSER"] === "none") return null;
  if (platform === "darwin") return { command: "open", parameters: [url] };
  if (platform === "win32") return { command: "cmd", parameters: ["/c", "start", '""', url] };
  return has("DISPLAY") || has("WAYLAND_DISPLAY") ? { command: "xdg-open", parameters: [url] } : null;
};

/** Opens a page in the browser if it can; never fails, and waits for nothing. */
export const openBrowser = (url: string): void => {
  const found = browserCommand(url, process.platform, process.env);
  if (found === null) return;
  const child = spawn(found.command, found.parameters, { stdio: "ignore", detached: true });
  child.on("error", () => {
    // The address is in the terminal, too.
  });
  child.unref();
};
