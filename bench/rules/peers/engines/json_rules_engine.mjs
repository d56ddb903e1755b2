// The ten rules in json-rules-engine, as Backstage's tech-insights runs it: facts of one record, one run a record.
//
// One engine a record type holds its rules. Each rule of itomm's is two here, "counts" and "matches", and the loop
// around takes matches of records that counted. Sums with another field are operators of one's own, as its
// documentation advises.

import { readFileSync, readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Engine } from "json-rules-engine";

const DAY = 86_400_000_000;
const QUARTER_HOUR = 900_000_000;

const is = (fact, value) => ({ fact, operator: "equal", value });
const given = (fact) => ({ fact, operator: "notEqual", value: null });
const after = (fact, value) => ({ fact, operator: "greaterThan", value });
const before = (fact, value) => ({ fact, operator: "lessThan", value });
const upTo = (fact, value) => ({ fact, operator: "lessThanInclusive", value });
const within = (fact, start, end) => [after(fact, start), upTo(fact, end)];
const oneOf = (fact, value) => ({ fact, operator: "in", value });

function rules(asOf) {
  const quarterAgo = asOf - 90 * DAY;
  const monthAgo = asOf - 30 * DAY;
  const delivered = [is("tier", "production"), is("status", "success")];
  const deliveredLately = [...delivered, ...within("finished_at", quarterAgo, asOf)];
  const startedLately = [is("on_default_branch", true), ...within("created_at", monthAgo, asOf)];
  return {
    incident: [
      {
        name: "incident-restore-time",
        counts: [upTo("priority", 2), ...within("created_at", quarterAgo, asOf), given("restored_at")],
        value: (r) => r.restored_at - r.created_at,
        percent: 50,
      },
      {
        name: "incidents-picked-up",
        counts: [upTo("priority", 3), ...within("created_at", quarterAgo, asOf)],
        matches: [
          { fact: "acknowledged_at", operator: "withinQuarterHourOf", value: { fact: "created_at" } },
        ],
      },
    ],
    deployment: [
      { name: "deployments-automated", counts: deliveredLately, matches: [is("automated", true)] },
      { name: "deployment-frequency", counts: deliveredLately },
      { name: "newest-deployment", counts: delivered, value: (r) => r.finished_at },
    ],
    pipeline: [
      {
        name: "pipelines-green",
        counts: [
          ...startedLately,
          oneOf("trigger", ["push", "merge_request"]),
          oneOf("status", ["success", "failed"]),
        ],
        matches: [is("status", "success")],
      },
      {
        name: "pipeline-duration",
        counts: [...startedLately, is("status", "success"), given("duration_s")],
        value: (r) => r.duration_s,
        percent: 90,
      },
    ],
    vulnerability: [
      {
        name: "old-findings-open",
        counts: [is("state", "open"), oneOf("severity", ["critical", "high"])],
        matches: [before("detected_at", monthAgo)],
      },
      {
        name: "known-exploited-open",
        counts: [],
        matches: [is("state", "open"), is("kev", true), before("kev_due_at", asOf)],
      },
    ],
    merge_request: [
      {
        name: "merge-requests-reviewed",
        counts: [
          is("target_is_default", true),
          is("author_is_bot", false),
          ...within("merged_at", quarterAgo, asOf),
        ],
        matches: [{ fact: "approvers", operator: "hasAtLeast", value: 1 }],
      },
    ],
  };
}

function engineOf(written) {
  const engine = new Engine();
  engine.addOperator("withinQuarterHourOf", (at, start) => at !== null && at <= start + QUARTER_HOUR);
  engine.addOperator("hasAtLeast", (list, least) => list.length >= least);
  written.forEach((rule, place) => {
    if (rule.counts.length > 0) {
      engine.addRule({ conditions: { all: rule.counts }, event: { type: "counts", params: { place } } });
    }
    if (rule.matches) {
      engine.addRule({ conditions: { all: rule.matches }, event: { type: "matches", params: { place } } });
    }
  });
  return engine;
}

async function overType(engine, written, rows, services) {
  const found = written.map(() =>
    Array.from({ length: services }, () => ({ counted: 0, matched: 0, values: [] })),
  );
  for (const row of rows) {
    const { events } = await engine.run(row);
    const matched = new Set();
    const counted = new Set();
    for (const event of events) (event.type === "counts" ? counted : matched).add(event.params.place);
    written.forEach((rule, place) => {
      if (rule.counts.length > 0 && !counted.has(place)) return;
      const here = found[place][row.service];
      here.counted += 1;
      if (matched.has(place)) here.matched += 1;
      if (rule.value) here.values.push(rule.value(row));
    });
  }
  return found;
}

function partial(rule, { counted, matched, values }) {
  if (!rule.value) return [counted, rule.matches ? matched : null, null];
  if (values.length === 0) return [0, null, null];
  values.sort((a, b) => a - b);
  const rank = rule.percent ? Math.ceil((values.length * rule.percent) / 100) : values.length;
  return [counted, null, values[rank - 1]];
}

async function run(engines, written, rows, services) {
  const partials = {};
  for (const [type, ofType] of Object.entries(written)) {
    const found = await overType(engines[type], ofType, rows[type], services);
    ofType.forEach((rule, place) => {
      partials[rule.name] = found[place].map((here) => partial(rule, here));
    });
  }
  return partials;
}

function load(folder) {
  const rows = {};
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".json") || file === "about.json") continue;
    const columns = JSON.parse(readFileSync(`${folder}/${file}`));
    const names = Object.keys(columns);
    rows[file.slice(0, -5)] = columns[names[0]].map((_, place) =>
      Object.fromEntries(names.map((name) => [name, columns[name][place]])),
    );
  }
  return rows;
}

async function main() {
  const [folder, flag, rounds = "3"] = process.argv.slice(2);
  if (flag !== undefined && flag !== "--rounds") throw new Error("json_rules_engine.mjs FOLDER [--rounds N]");
  const about = JSON.parse(readFileSync(`${folder}/about.json`));
  const rows = load(folder);
  const written = rules(about.as_of);
  const engines = Object.fromEntries(Object.entries(written).map(([type, ofType]) => [type, engineOf(ofType)]));
  const started = process.cpuUsage();
  const loading = (started.user + started.system) / 1e6;
  const partials = await run(engines, written, rows, about.services.length);
  const seconds = [];
  const processor = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    const used = process.cpuUsage();
    const start = performance.now();
    await run(engines, written, rows, about.services.length);
    seconds.push((performance.now() - start) / 1000);
    const since = process.cpuUsage(used);
    processor.push((since.user + since.system) / 1e6);
  }
  // what resourceUsage() tells counts what the parent process held, too
  const status = readFileSync("/proc/self/status", "utf8");
  const peak = Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
  const figures = { seconds: Math.min(...seconds), processor: Math.min(...processor), peak_mb: peak, loading };
  console.log(JSON.stringify({ ...figures, partials }));
}

await main();
