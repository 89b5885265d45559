import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import { message } from "../../messages/message.ts";
import { moveStore, type StorePlace } from "../../store/move/move-store.ts";
import { CommandError } from "../command-error.ts";
import { readServerEnvironment } from "../server-environment.ts";
import { terminalTexts } from "../terminal.ts";

/**
 * What `--from` and `--to` mean: an address of PostgreSQL, `env:NAME` for the variable that holds one (so that no
 * password is on the command line), or a folder. Throws a CommandError for a variable that is not set.
 */
const readPlace = (text: string, option: string, environment: Environment): StorePlace => {
  const [, name] = /^env:(\w+)$/.exec(text) ?? [];
  const value = name === undefined ? text : environment[name];
  if (value === undefined || value === "")
    throw new CommandError(message("cli.place-unset", { option, text, name: name ?? "" }));
  return /^postgres(ql)?:\/\//.test(value) ? { databaseUrl: new Secret(value) } : { dataDir: value };
};

/** Moves a store and reports what was moved. */
export const runMove = async ({
  from,
  to,
}: {
  readonly from: string;
  readonly to: string;
}): Promise<void> => {
  const environment = await readServerEnvironment();
  const { tables, waiting } = await moveStore(
    readPlace(from, "--from", environment),
    readPlace(to, "--to", environment),
  );
  for (const { name, rows } of tables) console.log(`${String(rows).padStart(10)} ${name}`);
  console.log(terminalTexts()("cli.move.done", { waiting }));
};
