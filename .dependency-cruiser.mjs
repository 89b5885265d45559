/**
 * The house's check: imports run only towards smaller numbers, never between equals, and never in a
 * circle. Only main.ts and the command line see several rooms at once. See ARCHITECTURE.md.
 */
const LEVELS = [
  // The engine's own messages, which the catalogue takes in: the rest of the engine is far above.
  ["flow/messages"],
  ["messages"],
  ["base"],
  ["config", "diff", "flow"],
  ["review"],
  ["gitlab", "dify", "llm", "sandbox", "egress", "knowledge", "tools", "embedded", "store", "telemetry"],
  ["worker", "http", "doctor", "notify"],
  ["wiring"],
  ["eval"],
  ["cli"],
];

const inRooms = (rooms) => `^src/(${rooms.join("|")})/`;

const upwards = LEVELS.slice(0, -1).map((rooms, level) => ({
  name: `level-${level}-imports-upwards`,
  comment: `Rooms of level ${level} (${rooms.join(", ")}) import only from smaller levels.`,
  severity: "error",
  from: { path: inRooms(rooms) },
  to: { path: inRooms(LEVELS.slice(level + 1).flat()) + "|^src/main", pathNot: inRooms(LEVELS[0]) },
}));

const sideways = LEVELS.filter((rooms) => rooms.length > 1)
  .flat()
  .map((room) => ({
    name: `${room}-imports-an-equal`,
    comment: "Rooms of one level do not know each other; main.ts wires them.",
    severity: "error",
    from: { path: `^src/${room}/` },
    to: { path: inRooms(LEVELS.find((rooms) => rooms.includes(room)).filter((other) => other !== room)) },
  }));

export default {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphan-room",
      comment: "Every file of src/ is in a known room.",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: `${inRooms(LEVELS.flat())}|^src/main\\.ts$` },
    },
    {
      name: "config-is-for-the-root",
      comment: "Rooms take their own options; main.ts and cli/ read the configuration.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(config/|wiring/|eval/|cli/|main\\.ts)" },
      to: { path: "^src/config/" },
    },
    {
      name: "core-is-pure",
      comment: "The core does no input or output.",
      severity: "error",
      from: { path: "^src/(diff|review)/" },
      to: { path: "^(node:)?(fs|net|http|https|child_process|worker_threads|undici|timers)(/|$)" },
    },
    {
      name: "stand-ins-know-nothing-of-us",
      comment: "A stand-in is an independent reading of the facts.",
      severity: "error",
      from: { path: "^standins/" },
      to: { path: "^src/" },
    },
    {
      name: "product-without-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench)/" },
    },
    {
      name: "only-the-demo-uses-stand-ins",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli/|main\\.ts)" },
      to: { path: "^standins/" },
    },
    { name: "not-resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-dev-dependency-in-product",
      severity: "error",
      from: { path: "^(src|standins)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "@types/" },
    },
    ...upwards,
    ...sideways,
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
    },
  },
};
