// A table whose rows stay the same elements while their values change, sorted by any column.
import { h, text } from "./dom.js";

const after = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);

export class SortedTable {
  // `columns`: {name, number, css, make(), fill(cell, row), value(row)}; without `value` it cannot be sorted by.
  // `make` is asked for what a new cell holds. A row is known by `key(row)`.
  constructor({ id, caption, columns, key, hint }) {
    this.columns = columns;
    this.key = key;
    this.rows = new Map();
    this.sorted = { column: null, down: false };
    this.body = h("tbody");
    this.heads = columns.map((column, i) => this.head(column, i));
    this.element = h("div", { class: "table", tabindex: "0", role: "region", "aria-labelledby": id },
      h("table", null, h("caption", { id }, caption, hint ? h("small", null, hint) : null), h("thead", null, h("tr", null, this.heads)), this.body));
  }

  head(column, i) {
    const attributes = { scope: "col", class: column.number ? "n" : null };
    if (!column.value) return h("th", attributes, column.name);
    const button = h("button", { type: "button", class: "sort", onclick: () => this.sortBy(i) }, column.name);
    return h("th", { ...attributes, "aria-sort": "none" }, button);
  }

  // First the larger values of numbers, the earlier ones of names; then the other way; then as they came.
  sortBy(i) {
    const first = Boolean(this.columns[i].number);
    const { column, down } = this.sorted;
    if (column !== i) this.sorted = { column: i, down: first };
    else if (down === first) this.sorted = { column: i, down: !first };
    else this.sorted = { column: null, down: false };
    this.heads.forEach((head, at) => {
      if (!this.columns[at].value) return;
      head.setAttribute("aria-sort", at !== this.sorted.column ? "none" : this.sorted.down ? "descending" : "ascending");
    });
    this.order();
  }

  order() {
    const { column, down } = this.sorted;
    const list = [...this.rows.values()];
    if (column !== null) {
      const value = (item) => this.columns[column].value(item.row);
      // What is not known comes last, whichever way.
      list.sort((a, b) => {
        const [left, right] = [value(a), value(b)];
        if (left == null || right == null) return (left == null) - (right == null);
        return (down ? -1 : 1) * after(left, right);
      });
    }
    list.forEach((item, i) => {
      if (this.body.children[i] !== item.element) this.body.insertBefore(item.element, this.body.children[i] || null);
    });
  }

  make(row) {
    const cells = this.columns.map((column, i) =>
      h(i === 0 ? "th" : "td", { class: column.number ? "n" : column.css, scope: i === 0 ? "row" : null }, column.make ? column.make(row) : null));
    return { row, cells, element: h("tr", null, cells) };
  }

  // All rows, in the order in which they stand unsorted.
  update(rows) {
    const there = new Set();
    for (const row of rows) {
      const key = this.key(row);
      there.add(key);
      if (!this.rows.has(key)) this.rows.set(key, this.make(row));
      const item = this.rows.get(key);
      item.row = row;
      this.columns.forEach((column, i) => column.fill(item.cells[i], row));
    }
    for (const [key, item] of this.rows) {
      if (there.has(key)) continue;
      item.element.remove();
      this.rows.delete(key);
    }
    if (this.sorted.column === null) this.rows = new Map(rows.map((row) => [this.key(row), this.rows.get(this.key(row))]));
    this.order();
  }
}

export const textColumn = (name, say, value, number) => ({ name, number, value, fill: (cell, row) => text(cell, say(row)) });
