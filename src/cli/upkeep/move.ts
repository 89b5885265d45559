import { ConfigError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { Environment } from "../../config/environment.ts";
import { moveStore, type StorePlace } from "../../store/move/move-store.ts";
import { readServerEnvironment } from "../server-environment.ts";

/**
 * What `--from` and `--to` mean: an address of PostgreSQL, `env:NAME` for the variable that holds one (so that no
 * password is on the command line), or a folder. Throws a ConfigError for a variable that is not set.
 */
export const readPlace = (text: string, option: string, environment: Environment): StorePlace => {
  const [, name] = /^env:(\w+)$/.exec(text) ?? [];
  const value = name === undefined ? text : environment[name];
  if (value === undefined || value === "")
    throw new ConfigError([`${option} ${text}: the environment variable ${name ?? ""} is not set`]);
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
  console.log(
    `Moved, and counted again. ${waiting} runs wait at the destination. The source was left as it is: start no server ` +
      "on it any more, or its waiting runs are reviewed a second time. The encryption keys stay the same.",
  );
};
