// What the start page lists: runs that were, and scenarios, one of them at fault.
export const runs = [
  { folder: "20260102T090000Z-cd34-checkout", id: "20260102T090000Z-cd34", scenario: "checkout", started: "2026-01-02T09:00:00Z", duration_s: 180, version: "1.4.0", verdict: "VALID", requests: 34012, rate: 189, failed_ratio: 0.0012, p99_s: 1.84,
    thresholds: { passed: 3, failed: 1 }, broke_at_rate: 251, capacity: null, cause: "app_pool_exhausted", cause_title: "Application connection pool exhausted", confidence: "high", fault: null },
  { folder: "20260101T120000Z-ab12-checkout", id: "20260101T120000Z-ab12", scenario: "checkout", started: "2026-01-01T12:00:00Z", duration_s: 600, version: "1.4.0", verdict: "DEGRADED", requests: 60412, rate: 100.7, failed_ratio: 0, p99_s: 0.081,
    thresholds: { passed: 4, failed: 0 }, broke_at_rate: null, capacity: { rate: [230, 244], bound_by: "app_pool_exhausted" }, cause: null, cause_title: null, confidence: null, fault: null },
  { folder: "20251231T080000Z-ef56-search", id: "20251231T080000Z-ef56", scenario: "search", started: "2025-12-31T08:00:00Z", duration_s: 60, version: "1.3.0", verdict: "INVALID", requests: 1200, rate: 20, failed_ratio: 0.4, p99_s: null,
    thresholds: { passed: 0, failed: 2 }, broke_at_rate: 12, capacity: null, cause: "max_connections", cause_title: "Database refuses connections", confidence: "medium", fault: null },
  { folder: "20251230T080000Z-broken", id: "", scenario: "", started: null, duration_s: null, version: "", verdict: null, requests: null, rate: null, failed_ratio: null, p99_s: null, thresholds: null, broke_at_rate: null, capacity: null, cause: null,
    cause_title: null, confidence: null, fault: "run.db is not a database" },
];
const good = ["target: http://127.0.0.1:8080", "users:", "  reader:", "    flow:", "      - get: /v1/deployments", "load:", "  - executor: constant-arrival-rate", "    rate: 100/s", "    duration: 3m"];
export const scenarios = {
  "checkout.yaml": { name: "checkout.yaml", ok: true, target: "http://127.0.0.1:8080", load: "for 3m", lines: good, faults: [] },
  "broken.yaml": { name: "broken.yaml", ok: false, target: null, load: null, lines: ["", "", "", "", "      - gte: /v1/deployments", "", "", "    rate: -5/s", ""], faults: [
    { line: 5, column: 9, path: "users.reader.flow[0]", what: "unknown key gte", hint: "did you mean `get`?" },
    { line: 8, column: 11, path: "load[0].rate", what: "must be above 0, got -5/s", hint: "write it as requests per second, e.g. rate: 250/s" },
    { file: "accounts.csv", line: 3, column: 1, path: "data.accounts", what: "has 2 columns, its first line 3", hint: "" }] },
};
