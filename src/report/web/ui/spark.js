// A line of the latest values, the size of a word.
import { svg } from "./dom.js";

const kWidth = 96;
const kHeight = 22;
export const kPoints = 60;

export function sparkElement(colour) {
  return svg("svg", { class: "spark " + colour, viewBox: "0 0 " + kWidth + " " + kHeight, "aria-hidden": "true" }, svg("path"), svg("circle", { r: "2" }));
}

// Breaks where there is no value.
export function drawSpark(element, values) {
  const [path, dot] = element.children;
  const most = Math.max(...values.filter((value) => value != null), 0) || 1;
  const x = (i) => (values.length > 1 ? 2 + ((kWidth - 5) * (i + kPoints - values.length)) / (kPoints - 1) : kWidth - 3);
  const y = (value) => kHeight - 3 - (kHeight - 6) * (value / most);
  let d = "";
  let pen = false;
  values.forEach((value, i) => {
    if (value != null) d += (pen ? "L" : "M") + x(i).toFixed(1) + " " + y(value).toFixed(1);
    pen = value != null;
  });
  path.setAttribute("d", d);
  const last = values[values.length - 1];
  dot.setAttribute("visibility", last == null ? "hidden" : "visible");
  if (last == null) return;
  dot.setAttribute("cx", x(values.length - 1).toFixed(1));
  dot.setAttribute("cy", y(last).toFixed(1));
}
