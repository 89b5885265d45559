import { Readable } from "node:stream";
import { Hono } from "hono";
import type { OpenedStore } from "../../store/open-store.ts";
import { apiProblem } from "./api-problem.ts";

/** `GET /` sends a copy of the embedded store as it is at this moment, one file. */
export const backupRoutes = ({ backup }: Pick<OpenedStore, "backup">): Hono => {
  const routes = new Hono();
  routes.get("/", async (context) => {
    if (backup === null) {
      return apiProblem(
        context,
        409,
        "backup-not-embedded",
        "The store is on PostgreSQL; back it up there, with pg_dump",
      );
    }
    const copy = await backup();
    return context.body(Readable.toWeb(copy.stream()), 200, {
      "content-type": "application/vnd.sqlite3",
      "content-length": String(copy.bytes),
      "cache-control": "no-store",
    });
  });
  return routes;
};

/** `GET /` says with which keys tokens are sealed, `POST /rotate` seals them with the first one. */
export const keyRoutes = ({ keys }: Pick<OpenedStore, "keys">): Hono => {
  const routes = new Hono();
  routes.get("/", async (context) => context.json(await keys.status()));
  routes.post("/rotate", async (context) => {
    const resealed = await keys.reseal();
    return context.json({ resealed, ...(await keys.status()) });
  });
  return routes;
};
