// The columns of a table: name, type (which can be changed), facts, a small histogram.

import { byId, el, shown, svg } from "./dom.js";

const KINDS = { num: "number", str: "category", dt: "date" };

/** Shows the columns; `retype(name, kind)` is called when a type is changed. */
export function show(table, retype) {
  const focused = document.activeElement?.dataset?.column;
  byId("columns").replaceChildren(...table.columns.map((column) => row(column, table, retype)));
  if (focused !== undefined) {  // the select was replaced by a new one; stay there
    [...byId("columns").querySelectorAll("select")].find((s) => s.dataset.column === focused)?.focus();
  }
}

function row(column, table, retype) {
  const select = el("select", {
    dataset: { column: column.name },
    aria: { label: `Type of ${column.name}` },
    on: { change: (event) => retype(column.name, event.target.value) },
  }, ...Object.entries(KINDS).map(([kind, word]) =>
    el("option", { value: kind, selected: kind === column.kind }, word)));
  return el("li", { className: "column" },
    el("span", { className: "column-name" }, column.name), select,
    el("span", { className: "column-facts" }, facts(column, table)), bars(column.histogram));
}

function facts(column, table) {
  if (column.pointer === null) return column.distinct ? "not used: too many columns" : "not used: no values";
  const found = [column.kind === "str"
    ? `${shown(column.distinct)} different`
    : `${shown(column.minimum)} to ${shown(column.maximum)}`];
  if (column.nulls) found.push(`${shown(Math.round((100 * column.nulls) / table.rows) || "<1")} % empty`);
  return found.join(", ");
}

function bars(histogram) {
  const most = Math.max(1, ...histogram);
  const width = 96 / Math.max(6, histogram.length);
  return svg("svg", { viewBox: "0 0 96 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...histogram.map((count, i) => {
      const height = count ? Math.max(1.2, (24 * count) / most) : 0;
      return svg("rect", { x: i * width, y: 24 - height, width: width - 1.2, height, rx: 0.6 });
    }));
}
