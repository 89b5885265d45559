import { Hono } from "hono";
import { apiProblem } from "./api-problem.ts";
import { readDeliveryReport, type ReportSource } from "./delivery-report.ts";

/** What the routes about deliveries need. */
export type DeliveryRoutesOptions = {
  readonly views: ReportSource;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
};

/** `GET /:id` says what became of a delivery; see `readDeliveryReport` for the ids that it takes. */
export const deliveryRoutes = ({ views, mask }: DeliveryRoutesOptions): Hono => {
  const routes = new Hono();
  routes.get("/:id", async (context) => {
    const report = await readDeliveryReport(views, context.req.param("id"), mask);
    if (report === null)
      return apiProblem(context, 404, "delivery-unknown", "No delivery with this id has been received");
    return context.json(report);
  });
  return routes;
};
