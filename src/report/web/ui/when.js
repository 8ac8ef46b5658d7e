// Times of the clock in the viewer's zone; UTC on hover.
import { h } from "./dom.js";

const two = (n) => String(n).padStart(2, "0");
const day = (at, today) =>
  new Intl.DateTimeFormat(undefined, { year: at.getFullYear() === today.getFullYear() ? undefined : "numeric", month: "short", day: "numeric" }).format(at);

export function localTime(ms) {
  const at = new Date(ms);
  return two(at.getHours()) + ":" + two(at.getMinutes()) + ":" + two(at.getSeconds());
}
export const utcText = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

export function localDay(ms) {
  const today = new Date();
  const at = new Date(ms);
  const same = at.toDateString() === today.toDateString();
  return (same ? "today" : day(at, today)) + ", " + localTime(ms);
}

export const timeElement = (ms, withDay) =>
  h("time", { datetime: new Date(ms).toISOString(), title: utcText(ms) }, withDay ? localDay(ms) : localTime(ms));

// How long something lasted or may last: 45 s, 3 min 5 s, 1 h 2 min.
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return whole + " s";
  if (whole < 3600) return Math.floor(whole / 60) + " min" + (whole % 60 ? " " + (whole % 60) + " s" : "");
  return Math.floor(whole / 3600) + " h" + (whole % 3600 >= 60 ? " " + Math.floor((whole % 3600) / 60) + " min" : "");
}
