/**
 * What each setting is for, by its key. A key that ends where the schema goes on (`flows[].verify`) stands
 * for everything below it. The reference of settings fails to be made when one is missing or none has it.
 */
export const SETTING_TEXTS: Readonly<Record<string, string>> = {
  "gitlab.url": "address of your GitLab, with its path if it has one",
  "gitlab.token":
    "project or group access token, scope `api`, role Developer; may be left out with token pass-through",
  "gitlab.timeout": "how long one answer of GitLab may take",
  "webhook.secrets": "secret tokens of hooks: a text, or an entry for some projects only",
  "webhook.signing_tokens": "signing tokens of hooks (`whsec_…`), in the same forms",
  "webhook.timestamp_tolerance": "how old a signed delivery may be",
  "webhook.token_users":
    "users, by id or name, whose own tokens count as a hook's secret token under token pass-through; access tokens of the project and of groups above it always do",
  "webhook.token_pass_through":
    "the hook's secret token is the project's access token, as in the tutorial; needs `encryption_keys`",
  "server.host": "the address it listens on",
  "server.port": "the port it listens on; 0 for any",
  "server.trusted_proxies":
    "proxies whose X-Forwarded-For is believed: who guesses tokens is counted by the address that it names",
  "server.public_url": "where GitLab and browsers reach this server",
  "server.role": "what this process does, where several share one PostgreSQL",
  "dashboard.admin_token":
    "signs in to the dashboard and the commands; see dashboard.md for a server without one",
  "dashboard.gitlab_oauth":
    "sign-in with GitLab: `application_id`, `secret`, `group`, `least_role` (`maintainer`); see dashboard.md",
  "dashboard.session": "how long a sign-in lasts",
  "store.folder": "the embedded store's folder",
  "store.database_url": "PostgreSQL instead of the embedded store",
  encryption_keys:
    "32 bytes each in base64 (`openssl rand -base64 32`), for tokens at rest: the first encrypts, every one decrypts",
  "worker.concurrency": "runs at once in this process",
  "worker.per_project": "of them for one project",
  "worker.attempts": "attempts of a run before it is failed; waiting for what is not available costs none",
  "worker.backoff": "the wait before the second attempt; doubles with each",
  "worker.max_backoff": "the longest wait between two attempts",
  "worker.give_up_after":
    "how long a run waits for a model, Dify or GitLab that is not available, before it is failed",
  "worker.stop_grace": "what active runs get when the server stops",
  "worker.lease":
    "how long an instance that is silent keeps its runs, where several share one PostgreSQL; 1s or more",
  "rate_limits.gitlab_per_minute":
    "requests to one GitLab as one identity, over all instances; null for as many as it takes",
  "rate_limits.dify_per_minute":
    "requests to one Dify server, over all instances; null for as many as it takes",
  "reconcile.enabled": "whether changes are looked for that no webhook told of",
  "reconcile.every": "the pause between two looks",
  "reconcile.since": "a date from which on changes count; null for the server's first start",
  "reconcile.projects": "where it looks; null for every project of a flow",
  "flows[].tools":
    "where the file's tools run that are not Dify's own, by provider and tool: `mcp:NAME/TOOL`, `openapi:NAME/OPERATION` or `flow:FILE`; see flows.md",
  "flows[].publish.progress":
    "whether the merge request shows how its review stands: a reaction while it is made, a note while it waits for longer than ten minutes or has failed",
  "notifications[].url":
    "where operators are told: an http or https address, or `mailto:` with an address; a secret as a whole",
  "notifications[].format": "what is sent without a `body`: the message's fields as JSON, or Slack's form",
  "notifications[].body":
    "a Jinja2 template over the message's fields that makes the JSON of another service; see notifications.md",
  "notifications[].headers": "headers that a service asks for, such as `Authorization`; secrets",
  "notifications[].secret":
    "a signing token (`whsec_…`); requests are signed with it as GitLab signs its webhooks",
  "notifications[].events":
    "what is told of: `review_failing`, `parked`, `hook_disabled`, `budget_reached`, and `critical_finding` where it is named",
  "notifications[].projects": "the projects that it is told of; null for every project",
  "notifications[].language": "the language of its messages",
  smtp: "the mail server for `mailto:` addresses: `url` (`smtps://user:password@host`) and `from`",
  rules: "rules for every project: a text, or `text` or `file`, with `title` and `paths`; see rules.md",
  group_rules: "the same for the projects of a `namespace` glob",
  "flows[].name":
    "its name, shown on the dashboard and stored with runs; letters, digits, dots, dashes and underscores",
  "flows[].projects": "the projects that it reviews; the first flow that matches is a project's flow",
  "flows[].contract": "what becomes of its outputs; a shipped file has its own, a Dify app is `classic`",
  "flows[].review":
    "once in a merge request's life, or after every push; `every-push` for `findings`, else `once`",
  "flows[].language": "the language that it is asked to write in",
  "flows[].inputs": "inputs of `classic` and `note` instead of the usual ones; see configuration.md",
  "flows[].output": "the output that holds the Markdown of `note`; not needed when there is only one text",
  "flows[].file": "the workflow file that runs in this process: a path, or `builtin:` and a name",
  "flows[].secrets":
    "values of the file's secret environment variables, and keys of its tools (see flows.md)",
  "flows[].dify.url": "address of Dify, with or without `/v1`; `DIFY_URL` stands in for it",
  "flows[].dify.api_key": "API key of the app",
  "flows[].dify.workflow_id": "a published version instead of the newest",
  "flows[].dify.mode": "how Dify is asked to answer",
  "flows[].dify.idle_timeout": "how long the stream may be silent; Dify pings every 10 s",
  "flows[].dify.total_timeout": "how long a run may take from its begin; Dify ends it after 20 min",
  "flows[].dify.queue_timeout":
    "how long a run may wait in Dify's queue; after it the run fails and is not asked for again by itself",
  "flows[].dify.lookup_timeout":
    "how long a run whose start is uncertain is looked for before it is started again",
  "flows[].passes":
    "further flows over the same code (`file`, `secrets` or `dify`); their findings are merged",
  "flows[].verify": "a flow that checks every finding once more (`file`, `secrets` or `dify`); null for none",
  "flows[].summary": "a flow that writes the walk-through (`file`, `secrets` or `dify`); null for none",
  "flows[].rules": "the team's own rules, for the model",
  "flows[].repository_rules": "whether a repository may have rules and settings of its own; see rules.md",
  "flows[].paths.include":
    "brings back what is set aside by rule: lock files, vendored, generated, deleted files",
  "flows[].paths.exclude": "files that are not reviewed; always wins",
  "flows[].limits.unit_tokens": "what one call of the flow gets to see, in tokens of its model",
  "flows[].limits.units_at_once": "calls of the flow at once for one review",
  "flows[].limits.threads": "open threads on a merge request at most, the strongest findings first",
  "flows[].limits.tokens": "tokens that the review of one merge request may use",
  "flows[].limits.cost":
    "what the review of one merge request may cost, in the currency of the model's price",
  "flows[].least.severity": "weaker findings are folded into the summary",
  "flows[].least.confidence": "less certain findings are folded into the summary",
  "flows[].publish.labels": "labels for merge requests with findings",
  "flows[].publish.status": "whether a commit status tells of the review",
  "flows[].triggers.opened": "review a merge request that was opened",
  "flows[].triggers.reopened": "review one that was opened again",
  "flows[].triggers.new_commits": "review new commits",
  "flows[].triggers.quiet_time": "nothing more may be pushed for so long before new commits are reviewed",
  "flows[].triggers.ready": "review a draft that was marked as ready",
  "flows[].triggers.reviewer": "review when the bot is made a reviewer, or asked again",
  "flows[].triggers.labels": "review when one of these labels is added",
  "flows[].triggers.command": "heed commands and answers in notes",
  "flows[].triggers.drafts": "what becomes of drafts",
  "flows[].filters.target_branches": "`allow` and `deny` lists of globs",
  "flows[].filters.source_branches": "`allow` and `deny` lists of globs",
  "flows[].filters.authors": "`allow` and `deny` lists of ids or user names",
  "flows[].filters.labels": "`any`: one of these must be there; `none`: none of these may be",
  "flows[].filters.titles":
    "`allow` and `deny` lists: a part of the title, or a regular expression between slashes",
  "flows[].filters.most_files": "merge requests of more files are left alone",
  "flows[].bots.review": "whether merge requests of bots are reviewed",
  "flows[].bots.ids": "users that are bots, besides those that GitLab names as such",
  "flows[].bots.not_ids": "users that are none, whatever their names look like",
  "flows[].commands.least": "the least role that may give commands",
  "flows[].commands.per":
    "another least role for single commands: `review`, `ask`, `describe`, `resolve`, `ignore`, `pause`, `resume`, `help`",
  "flows[].commands.slash": "whether `/review` and its like are heeded where GitLab leaves them alone",
  "mcp_servers.NAME.url": "where a server of tools is that speaks MCP by streamable HTTP",
  "mcp_servers.NAME.headers": "headers that it asks for, such as `Authorization`; secrets",
  "mcp_servers.NAME.command":
    "instead of `url`: a program that is started for every call and speaks MCP by its input and output",
  "mcp_servers.NAME.args": "its arguments",
  "mcp_servers.NAME.env":
    "its environment, besides HOME, LOGNAME, PATH, SHELL, TERM and USER, which are all it sees of this server's; secrets",
  "mcp_servers.NAME.timeout": "how long one call may take, with its session",
  "openapi_services.NAME.file": "an OpenAPI document, beside the configuration file",
  "openapi_services.NAME.url": "instead of `file`: where the document is fetched",
  "openapi_services.NAME.base_url": "where the service is, in place of the document's first server",
  "openapi_services.NAME.headers": "headers that the service asks for, such as `Authorization`; secrets",
  "openapi_services.NAME.timeout": "how long one call may take",
  "models.NAME.provider":
    "whose API it is; left out, `openai-compatible` (Ollama, vLLM, llama.cpp, LM Studio) with a `base_url`, and by the model's name with a key alone",
  "models.NAME.model": "the provider's own name of the model",
  "models.NAME.base_url":
    "address of the API, with its `/v1`; needed for `openai-compatible`; a query (`?api-version=…`) goes to every call",
  "models.NAME.api_key": "its key; a local server needs none",
  "models.NAME.headers": "further headers; all are secrets",
  "models.NAME.price.input": "price of a million tokens read",
  "models.NAME.price.output": "price of a million tokens written",
  "models.NAME.price.currency": "the currency of both",
  "models.NAME.timeouts.first_token":
    "how long the server may be silent before the first token; left out, 60 s and 60 ms for each token of the prompt",
  "models.NAME.timeouts.idle": "how long a stream may be silent; left out, 60 s",
  "models.NAME.timeouts.total":
    "how long an answer may take; left out, a stream that moves is never cut for its time",
  "models.NAME.context_window":
    "tokens that the model's server takes, prompt and answer together; left out, asked of it, or learnt from its refusals",
  "models.NAME.concurrency":
    "calls at once from one instance; left out, 1 for a private or loopback address and 8 for a public one",
  "models.NAME.parameters": "parameters over those of the file; null takes one away",
  "models.NAME.extra_body": "further fields for openai-compatible servers",
  "models.NAME.stream": "whether answers are streamed",
  "models.NAME.structured_output": "how it is asked for JSON, as the server can",
  "model_routing.default":
    "the model for every name in a file that no route covers; not needed with one model",
  "model_routing.fallback": "the model that is asked when another has failed for good",
  "model_routing.routes[].match": "a glob over the file's provider/name; the first match wins",
  "model_routing.routes[].model": "the name of the model that stands for it",
  "knowledge.datasets[].id": "the dataset's id in the file",
  "knowledge.datasets[].name": "or its name there",
  "knowledge.datasets[].folder": "the folder of Markdown and text that stands for it",
  "knowledge.embedding_model": "a model that makes vectors; full text alone without one",
  "egress.allow":
    "private hosts, addresses or networks that flows may send requests to; public ones are open",
  "engine.run_timeout": "how long a run in this process may take",
  "engine.max_steps": "nodes that a run may go through",
  "engine.code_timeout": "how long a code node or template may take",
  "engine.python_processes": "processes for Python, about 200 MB each, started only for files with Python",
  "engine.javascript_threads": "threads for JavaScript",
  "telemetry.metrics_token":
    "bearer token of `/metrics`, which is open without one on the loopback address only",
  "telemetry.otlp_endpoint": "where traces go, by OTLP over HTTP, without `/v1/traces`",
  "telemetry.service_name": "the name of this server in traces",
  "budgets.time_zone": "whose calendar says when a day begins, such as `Asia/Tokyo`",
  "budgets.tell": "whether one note tells that a review waits for the next day",
  "budgets.total.tokens": "tokens a day, all projects together",
  "budgets.total.cost": "cost a day, all projects together, in the currency of the models' prices",
  "budgets.total.runs": "reviews and answers a day, all projects together",
  "budgets.projects[].match":
    "globs over project paths; the first entry that matches is a project's budget, each project has it for itself",
  "budgets.projects[].tokens": "tokens a day",
  "budgets.projects[].cost": "cost a day",
  "budgets.projects[].runs": "reviews and answers a day",
  "retention.bodies": "how long payloads are kept; see operations.md",
  "retention.deliveries": "how long deliveries are kept, with what was decided and why",
  "retention.runs": "how long ended runs are kept",
  "retention.steps": "how long the steps of ended runs are kept, which hold parts of diffs and answers",
  "retention.events": "how long the events of flow calls are kept, which the run's picture shows",
  "retention.memory": "how long what was reviewed of an open merge request is remembered after its last use",
  "circuit_breakers.failures":
    "failures in a row after which a Dify server or model is left alone; 0 turns it off",
  "circuit_breakers.pause": "the pause before it is tried again",
  "circuit_breakers.longest_pause": "the longest pause; it doubles with each further failure",
  "lessons.enabled": "whether thumbs, resolutions, withdrawals and `ignore` are kept; see lessons.md",
  "lessons.serve": "whether reviews are told of the lessons, where a project has not turned its own off",
  "lessons.least_outcomes": "outcomes that a lesson needs",
  "lessons.dify[].projects":
    "the projects whose lessons go into this dataset of Dify; the first entry that matches counts",
  "lessons.dify[].url": "address of that Dify",
  "lessons.dify[].api_key": "a key of Dify's knowledge API, another one than an app's",
  "lessons.dify[].dataset_id": "the dataset's id",
  "flows[].dify.fallback": "a workflow file that runs here while Dify cannot be reached; not for `classic`",
  "flows[].shadow":
    "a candidate (`name`, `share` of the merge requests, `file`, `secrets` or `dify`) that runs beside it without posting; see shadow.md",
  "flows[].reply":
    "the flow that answers in threads (`file`, `secrets` or `dify`), or `off`; the shipped one when left out",
  "flows[].triggers.stale.after":
    "review a merge request again that nothing happened to for so long; see configuration.md",
  "flows[].triggers.stale.until": "but not once nothing happened for so long",
  "flows[].triggers.stale.every": "the least time between two such looks",
  "flows[].triggers.stale.remind": "whether a note reminds of open threads where nothing is new",
  "log.level": "how much is logged",
};
