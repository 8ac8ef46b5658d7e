// Elements without markup in strings: what comes from outside is only ever text.

const svgSpace = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(svgSpace, tag), attributes, children);

// Written only where it differs: nothing is laid out again for what stays the same.
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

// Replaces an element's content where `key` differs from the last one.
export function renew(element, key, make) {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...[make()].flat().filter((child) => child !== null && child !== undefined));
}
