import { COMMANDS, type CommandProblem } from "../commands/command.ts";
import { publishName } from "../publish-text.ts";
import type { TalkSentences } from "./sentences.ts";

/** What can be asked of us and how, with what was not understood before it. */
export const renderHelp = (say: TalkSentences, botUsername: string, problem: CommandProblem | null): string =>
  [
    ...(problem === null ? [] : [say.problem[problem.code](publishName(problem.text)), ""]),
    say.helpHead,
    "",
    ...COMMANDS.map((name) => `- ${publishName(`@${botUsername} ${name}`)}: ${say.help[name]}`),
  ].join("\n");
