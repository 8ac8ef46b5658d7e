// Words for what the server gives as names.
import { duration, figure } from "../charts/numbers.js";

export const badgeOf = { VALID: "good", DEGRADED: "fair", INVALID: "bad" };
export const kinds = {
  stage_changed: "stage", threshold_crossed: "threshold", fault_planted: "fault", probe_gap: "probe", note: "run", marked: "note", stopped: "stopped",
};
export const phases = { starting: "starting", running: "running", stopping: "stopping", over: "over" };

export const seconds = (value) => (value == null ? "–" : duration(value));
export const rate = (value) => (value == null ? "–" : figure(value) + "/s");
export const number = (value) => (value == null ? "–" : figure(value));
export const count = (value) => (value == null ? "–" : Math.round(value).toLocaleString("en-US"));
export function percent(ratio) {
  if (ratio == null) return "–";
  return ratio === 0 ? "0 %" : figure(100 * ratio) + " %";
}
export const asked = (executor, value) => figure(value) + (executor.open ? "/s" : " users");

const exits = {
  0: "passed", 99: "a threshold failed", 105: "interrupted", 108: "aborted by a safety stop",
  111: "the measurement is invalid: the generator was the limit", 112: "the target could not be reached",
};
export const exitWords = (code) => exits[code] || "exit status " + code;

// app_pool_exhausted where the server has no sentence for it.
export const plain = (name) => name.replaceAll("_", " ");

export function valueText(name, value) {
  if (name.endsWith("_s") || name.endsWith("_seconds")) return duration(value);
  return name.endsWith("_ratio") ? percent(value) : figure(value);
}
export const valueName = (name) => name.replace(/_(s|seconds|ratio)$/, "").replaceAll("_", " ");
