// The ranked charts as cards.

import { draw } from "./chart.js";
import { byId, el } from "./dom.js";
import { menu } from "./exports.js";
import { busy } from "./status.js";

let views = [];
let turn = 0;  // a new gallery ends the drawing of the one before

/** Shows charts. `actions` has `similar(chart)` and `edit(chart, redraw)`. */
export async function show(charts, data, actions) {
  const mine = ++turn;
  clear();
  const cards = charts.map((chart, i) => card(chart, i + 1, () => data, actions));
  byId("gallery").replaceChildren(...cards.map(({ element }) => element));
  for (const [i, { redraw }] of cards.entries()) {
    busy(`Drawing ${cards.length} charts`, i / cards.length);
    await redraw();
    if (mine !== turn) return false;
    await new Promise((resolve) => setTimeout(resolve));  // lets the page breathe
  }
  return mine === turn;
}

function clear() {
  for (const view of views) view.finalize();
  views = [];
}

function card(chart, rank, data, actions) {
  const id = `chart-${rank}`;
  const figure = el("div", { className: "figure", role: "img" });
  const heading = el("h3", { id, tabIndex: -1 }, chart.title);
  let view = null;

  async function redraw() {
    figure.setAttribute("aria-label", `${chart.mark} chart: ${chart.title}`);
    view?.finalize();
    try {
      const names = chart.edited ? undefined : chart.fields;
      const style = getComputedStyle(figure);
      const width = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      view = await draw(figure, chart.spec, data(), { names, width: width || 320 });
      views.push(view);
    } catch (error) {
      figure.replaceChildren(el("p", { className: "wrong" }, `It cannot be drawn: ${error.message}`));
    }
  }

  const element = el("li", { className: "card", aria: { labelledby: id } },
    el("header", {}, el("span", { className: "rank", aria: { hidden: "true" } }, String(rank)), heading),
    figure, why(chart),
    el("footer", {},
      el("button", { type: "button", className: "quiet", aria: { label: `More like this: ${chart.title}` }, on: { click: () => actions.similar(chart) } }, "More like this"),
      el("button", { type: "button", className: "quiet", aria: { label: `Edit: ${chart.title}` }, on: { click: () => actions.edit(chart, () => { heading.textContent = chart.title; return redraw(); }) } }, "Edit"),
      menu(() => chart, data)));
  return { element, redraw };
}

/** The score in words, with the points of each rule on demand. */
function why(chart) {
  const points = (value) => `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`;
  return el("div", { className: "why" },
    el("p", { className: "reason" }, chart.reason),
    el("details", {},
      el("summary", {}, `Score ${chart.score.toFixed(2)}`),
      el("ul", {},
        ...chart.reasons.map((reason) => el("li", {},
          el("b", { className: reason.points > 0 ? "plus" : "minus" }, points(reason.points)),
          el("span", {}, reason.text))),
        el("li", {}, el("b", { className: "minus" }, points(chart.score - chart.effectiveness)),
          el("span", {}, "how likely the network thinks it, beside other charts")))));
}
