import { systemClock, type Clock } from "../base/clock.ts";
import type { Environment } from "../config/environment.ts";
import { message } from "../messages/message.ts";
import { languageOfTerminal } from "../messages/choose-language.ts";
import { translator } from "../messages/format-message.ts";
import { sendTest } from "../notify/notifications.ts";
import { channelsOf, noticeLinks, openSender } from "../wiring/create-notifications.ts";
import { readConfig } from "./read-config.ts";
import { readServerEnvironment } from "./server-environment.ts";
import { printable, processTerminal, type Terminal } from "./terminal.ts";

/** How channels are tested. */
export type NotifyTestOptions = Partial<Terminal> & {
  readonly config?: string;
  /** The process's own with the folder's `.env` when left out. */
  readonly environment?: Environment;
  readonly clock?: Clock;
};

/** `reviewflow notify test`: sends a message to every channel. Returns the exit code: 1 where one did not arrive. */
export const testNotifications = async (options: NotifyTestOptions = {}): Promise<number> => {
  const { write = processTerminal.write, clock = systemClock } = options;
  const environment = options.environment ?? (await readServerEnvironment());
  const t = translator(languageOfTerminal(environment));
  const config = readConfig(environment, options.config ?? null);
  const channels = channelsOf(config);
  if (channels.length === 0) {
    write(`${t("notify.none")}\n`);
    return 1;
  }
  await using sender = await openSender(config, clock);
  let code = 0;
  for (const channel of channels) {
    const problem = await sendTest(channel, { sender, links: noticeLinks(config), clock });
    if (problem !== null) code = 1;
    const line =
      problem === null
        ? t("notify.sent", { channel: channel.label })
        : t.message(message("notify.failed", { channel: channel.label, problem }));
    write(printable(`${line}\n`));
  }
  return code;
};
