// What is known so far: the headline, the measurement, thresholds with their margin, findings.
import { byId, h, renew, show, svg, text } from "./dom.js";
import { tiles } from "./head.js";
import { badgeOf, percent, plain, rate, valueName, valueText } from "./words.js";
import { span } from "./when.js";

const soFar = (verdict) => (verdict.final ? "" : " so far");

function answerClass(verdict) {
  if (!verdict || verdict.validity.verdict === "INVALID") return "void";
  return verdict.breaking_point.found || verdict.findings.length ? "broke" : "held";
}

function headline(verdict) {
  if (!verdict) return ["Measuring; the first verdict comes after some seconds"];
  const [first, ...rest] = verdict.headline.split(": ");
  return rest.length ? [first + ": ", h("span", { class: "cause" }, rest.join(": "))] : [first];
}

function capacityNote(capacity) {
  if (!capacity || !capacity.rate) return null;
  const [low, high] = capacity.rate;
  const said = low == null ? "below " + rate(high) : high == null ? "at least " + rate(low) : rate(low) + " to " + rate(high);
  return h("p", { class: "notes" }, "Capacity so far: " + said + (capacity.bound_by ? ", bound by " + plain(capacity.bound_by) : "") + ".");
}

function notesOf(verdict) {
  if (!verdict) return [];
  const first = verdict.findings[0];
  const list = [];
  if (first || verdict.notes.length) {
    list.push(h("p", { class: "notes" }, first ? h("span", { class: "chip" }, first.confidence + " confidence" + soFar(verdict)) : null, " " + verdict.notes.join(" ")));
  }
  list.push(capacityNote(verdict.capacity));
  const { validity } = verdict;
  list.push(h("p", { class: "notes" }, "Measurement " + validity.verdict + soFar(verdict) + ": " + validity.text));
  for (const check of validity.checks.filter((each) => !each.ok)) list.push(h("p", { class: "notes" }, plain(check.name) + ": " + check.why));
  return list;
}

function evidence(css, title, items, none) {
  return h("div", { class: css }, h("h4", null, title),
    items.length ? h("ul", null, items.map((item) => h("li", null, typeof item === "string" ? item : item.text))) : h("p", { class: "none" }, none));
}

function findingArticle(verdict, one, i) {
  const values = Object.entries(one.values || {});
  return h("article", { class: "finding" },
    h("h3", null, (i ? i + 1 + ". " : "") + (one.title || plain(one.cause))),
    h("p", { class: "meta" }, one.confidence + " confidence" + soFar(verdict) + ", from " + span(one.onset_s) + " into the run"),
    h("div", { class: "evidence" + (one.against.length || one.missing.length ? "" : " clear") },
      evidence("for", "Evidence for it", one.evidence, "None yet."),
      evidence("against", "Evidence against it", one.against, "Nothing speaks against it."),
      evidence("missing", "What is not known", one.missing, "Nothing is missing.")),
    values.length ? h("dl", { class: "values" }, values.map(([name, value]) => h("div", null, h("dt", null, valueName(name)), h("dd", null, valueText(name, value))))) : null,
    one.fix ? h("div", { class: "fix" }, h("h4", null, "The fix"), h("p", null, one.fix)) : null);
}

// The part of the limit that is used up.
function marginBar(margin) {
  const used = Math.max(0, Math.min(1, 1 - margin));
  return svg("svg", { class: "margin" + (margin < 0 ? " full" : ""), viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "of", width: "100", height: "10" }), svg("rect", { class: "used", width: 100 * used, height: "10" }));
}

const marginText = (margin) => (margin < 0 ? percent(-margin) + " over the limit" : percent(margin) + " of the limit is free");

function thresholdRow(one, now) {
  const ok = now ? now.ok : one.ok;
  const margin = one.margin == null ? "–" : [marginBar(one.margin), marginText(one.margin)];
  const mark = ok == null ? h("span", null, "not judged") : h("span", { class: ok ? "ok" : "no" }, ok ? "✓ holds" : "✕ missed");
  return h("tr", null, h("th", { scope: "row" }, one.metric || one.text), h("td", null, one.metric ? one.text : ""),
    h("td", { class: "n" }, one.value_text || "–"), h("td", null, margin), h("td", null, mark, one.why ? " " + one.why : ""));
}

function thresholdTable(verdict, state) {
  const heads = [["Of"], ["Limit"], ["Now", "n"], ["Margin"], ["So far"]].map(([name, css]) => h("th", { scope: "col", class: css }, name));
  const judged = verdict && verdict.thresholds.length ? verdict.thresholds : state.thresholds.map((one) => ({ ...one, margin: null }));
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-labelledby": "thresholds-title" },
    h("table", null, h("caption", { id: "thresholds-title" }, "Thresholds"), h("thead", null, h("tr", null, heads)),
      h("tbody", null, judged.map((one, i) => thresholdRow(one, state.thresholds[i])))));
}

function showBadge(verdict) {
  const badge = byId("validity");
  show(badge, Boolean(verdict));
  if (!verdict) return;
  badge.className = "badge " + (badgeOf[verdict.validity.verdict] || "fair");
  renew(badge, verdict.validity.verdict + verdict.final, () => [h("span", { class: "hidden" }, "Measurement: "), verdict.validity.verdict + soFar(verdict)]);
}

// Said once to those who do not see it.
function announce(verdict) {
  const { breaking_point: broke, findings } = verdict;
  const said = broke.found || findings.length ? verdict.headline : "";
  if (said) text(byId("spoken"), said);
}

export function showVerdict(run, verdict, state) {
  const place = byId("so-far");
  if (!place.firstChild) place.append(h("h2", { id: "answer" }), h("div", { class: "said" }), h("dl", { class: "tiles" }));
  const [title, said] = place.children;
  place.className = "answer " + answerClass(verdict);
  const key = JSON.stringify(verdict);
  renew(title, verdict ? verdict.headline : "", () => headline(verdict));
  renew(said, key, () => notesOf(verdict));
  showBadge(verdict);
  const findings = verdict ? verdict.findings : [];
  show(byId("findings"), findings.length > 0);
  renew(byId("findings"), JSON.stringify(findings) + (verdict && verdict.final), () =>
    [h("h2", { id: "why" }, verdict && verdict.final ? "Why" : "Why, so far")].concat(findings.map((one, i) => findingArticle(verdict, one, i))));
  if (verdict) announce(verdict);
  showState(run, verdict, state);
}

// What changes every second.
export function showState(run, verdict, state) {
  const list = byId("so-far").querySelector(".tiles");
  const now = tiles(run, state);
  show(list, now.length > 0);
  list.replaceChildren(...now);
  show(byId("thresholds"), state.thresholds.length > 0);
  renew(byId("thresholds"), JSON.stringify([verdict && verdict.thresholds, state.thresholds]), () => thresholdTable(verdict, state));
}
