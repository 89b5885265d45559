import type { Translate } from "../../messages/format-message.ts";
import { COMMANDS, type CommandProblem } from "../commands/command.ts";
import { publishName } from "../publish-text.ts";

/** What can be asked of us and how, with what was not understood before it. */
export const renderHelp = (t: Translate, botUsername: string, problem: CommandProblem | null): string =>
  [
    ...(problem === null ? [] : [t(`command.${problem.code}`, { text: publishName(problem.text) }), ""]),
    t("help.head"),
    "",
    ...COMMANDS.map((name) => `- ${publishName(`@${botUsername} ${name}`)}: ${t(`help.${name}`)}`),
  ].join("\n");
