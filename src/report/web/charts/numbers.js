// Numbers and times as people read them.

export function figure(value) {
  const size = Math.abs(value);
  if (size >= 999.5) return Math.round(value).toLocaleString("en-US");
  if (size === 0) return "0";
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
  return String(Number(value.toFixed(digits)));
}

export function duration(seconds) {
  const size = Math.abs(seconds);
  if (size === 0) return "0";
  if (size < 1e-3) return figure(seconds * 1e6) + " µs";
  if (size < 1) return figure(seconds * 1e3) + " ms";
  return figure(seconds) + " s";
}

const two = (n) => String(n).padStart(2, "0");

// A moment of a run that lasts `length` seconds: the longer the run, the coarser.
export function clock(seconds, length) {
  if (length <= 120) return figure(seconds) + " s";
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (length < 3600) return minutes + ":" + two(whole % 60);
  const rest = whole % 60 ? ":" + two(whole % 60) : "";
  return Math.floor(minutes / 60) + "h" + two(minutes % 60) + rest;
}

export const formats = {
  rate: (v) => (v === 0 ? "0" : figure(v) + "/s"),
  seconds: duration,
  count: figure,
  cores: figure,
};

// x of the percentile chart is −log10(1 − q)
export function percentile(nines) {
  const percent = 100 * (1 - Math.pow(10, -nines));
  const digits = Math.max(0, Math.ceil(nines) - 2);
  return "p" + Number(percent.toFixed(Math.min(4, digits)));
}
