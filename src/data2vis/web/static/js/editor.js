// The dialog of a chart: a live editor, and what happened inside the network.

import { validated } from "./api.js";
import { draw } from "./chart.js";
import { byId, el } from "./dom.js";
import { menu } from "./exports.js";
import { showAttention, showBeams } from "./inside.js";

const PAUSE = 350;  // milliseconds without a key after which the text is looked at

let current = null;  // { chart, session, redraw, spec }: `spec` is the last one that was right
let view = null;
let waiting = 0;
let asking = new AbortController();

/** Opens the dialog for a chart of a session, at one of the tabs. */
export function open(chart, session, redraw, tab = "spec") {
  current = { chart, session, redraw, spec: chart.spec };
  byId("editor-title").textContent = chart.title;
  byId("spec").value = JSON.stringify(chart.spec, null, 2);
  byId("preview").setAttribute("aria-label", `Preview: ${chart.title}`);
  byId("preview").replaceChildren();
  byId("attention").replaceChildren();
  byId("beams").replaceChildren();
  byId("spec-export").replaceChildren(menu(() => ({ title: chart.title, spec: current.spec }), () => session.data));
  byId("editor").append(byId("alert"), byId("status"));  // what is outside is out of reach meanwhile
  byId("editor").showModal();
  select(tab);
  look();
}

/** Draws the preview anew, in other colours. */
export function recolour() {
  if (byId("editor").open) look();
}

// -- the specification ---------------------------------------------------------------------------

async function look() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { session } = current;
  try {
    const spec = parsed(byId("spec").value);
    const names = session.table.columns.map((column) => column.name);
    const { errors } = await validated(spec, names, signal);
    if (errors.length) return verdict(errors);
    await preview(spec);
    if (signal.aborted) return undefined;
    current.spec = spec;
    return verdict([]);
  } catch (error) {
    return error.name === "AbortError" ? undefined : verdict([{ path: "", message: error.message }]);
  }
}

function parsed(text) {
  let spec;
  try {
    spec = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON yet: ${error.message}`);
  }
  if (spec === null || typeof spec !== "object" || Array.isArray(spec)) throw new Error("A specification is a JSON object: { … }");
  if (text.includes('"url"') && JSON.stringify(spec.data ?? {}).includes('"url"')) {
    throw new Error("Data are not loaded from elsewhere; the data called table are yours");
  }
  return spec;
}

async function preview(spec) {
  view?.finalize();
  view = null;
  const { clientWidth, clientHeight } = byId("preview");
  const size = { width: Math.max(240, clientWidth - 40), height: Math.max(200, Math.min(420, clientHeight - 40)) };
  view = await draw(byId("preview"), spec, current.session.data, size);
}

function verdict(errors) {
  const place = byId("spec-verdict");
  place.className = `verdict ${errors.length ? "bad" : "good"}`;
  byId("spec").setAttribute("aria-invalid", String(errors.length > 0));
  byId("preview").classList.toggle("stale", errors.length > 0);
  byId("spec-keep").disabled = errors.length > 0;
  place.replaceChildren(...(errors.length
    ? errors.map(({ path, message }) => el("p", {}, path ? el("code", {}, path) : null, path ? ": " : "", message))
    : ["Valid Vega-Lite 5"]));
}

byId("spec").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, PAUSE);
});

byId("spec-reset").addEventListener("click", () => {
  byId("spec").value = JSON.stringify(current.chart.original ?? current.chart.spec, null, 2);
  look();
});

byId("spec-keep").addEventListener("click", async () => {
  const { chart, spec, redraw } = current;
  chart.original ??= chart.spec;
  chart.edited = JSON.stringify(spec) !== JSON.stringify(chart.original);
  chart.spec = spec;
  byId("editor").close();
  await redraw();
});

// -- tabs and closing ----------------------------------------------------------------------------

const TABS = ["spec", "attention", "beams"];

function select(name) {
  for (const each of TABS) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(`panel-${each}`).hidden = each !== name;
  }
  if (name === "attention" && !byId("attention").childElementCount) showAttention(current.session, current.chart);
  if (name === "beams" && !byId("beams").childElementCount) showBeams(current.session);
}

for (const name of TABS) byId(`tab-${name}`).addEventListener("click", () => select(name));

document.querySelector(".tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const at = TABS.findIndex((name) => byId(`tab-${name}`) === document.activeElement);
  const next = TABS[(at + step + TABS.length) % TABS.length];
  select(next);
  byId(`tab-${next}`).focus();
});

for (const id of ["beam-width", "beam-raw"]) {
  byId(id).addEventListener("change", () => byId(id).checkValidity() && showBeams(current.session));
}

byId("editor-close").addEventListener("click", () => byId("editor").close());
byId("editor").addEventListener("close", () => {
  byId("main").before(byId("alert"));
  byId("main").after(byId("status"));
  asking.abort();
  clearTimeout(waiting);
  view?.finalize();
  view = null;
});
