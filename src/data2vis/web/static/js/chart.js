// Vega-Lite specifications as pictures: in the page, and as PNG and SVG.
//
// Expressions are interpreted (`ast`), so that no code is made from texts; nothing is loaded.

import { byId, el } from "./dom.js";

const NOTHING = new Error("Data and pictures from elsewhere are not loaded: a chart shows your table.");
const LOADER = Object.assign(vega.loader(), {
  load: () => Promise.reject(NOTHING),
  sanitize: () => Promise.reject(NOTHING),
});
const MANY = 1500;  // rows from which on pixels are drawn, not elements

const THEMES = {
  light: { ink: "#1c212c", muted: "#59606e", line: "#e6e6df", ground: "#ffffff",
    category: ["#3b63c9", "#e07b39", "#2a9171", "#c64f78", "#8a63c4", "#a98a1f", "#3f9dbd", "#7b818c"],
    ramp: ["#dce6fa", "#8fabe8", "#3b63c9", "#1c3173"] },
  dark: { ink: "#e9ebf0", muted: "#a3abb9", line: "#323946", ground: "#1b1f27",
    category: ["#86a6fb", "#f2a067", "#62c8a4", "#ee8aab", "#b99bee", "#d8bd5a", "#79c7e3", "#a9b0bc"],
    ramp: ["#26345c", "#476bc4", "#86a6fb", "#dbe5ff"] },
};

function config({ ink, muted, line, category, ramp }, background) {
  const font = '"Inter Variable", system-ui, sans-serif';
  return {
    background, font, padding: 4,
    mark: { tooltip: true, color: category[0] },
    bar: { cornerRadiusEnd: 2 }, line: { strokeWidth: 2.2 }, area: { fillOpacity: 0.75 },
    point: { filled: true, size: 32, opacity: 0.75 }, circle: { opacity: 0.75 },
    rule: { color: category[0] }, text: { color: ink, fill: ink },
    boxplot: { median: { color: ink }, rule: { color: muted }, ticks: false },
    view: { stroke: null },
    axis: { domainColor: muted, tickColor: muted, gridColor: line, labelColor: muted, titleColor: ink,
      titleFontWeight: 500, labelFontSize: 11, titleFontSize: 12, labelLimit: 130, titleLimit: 260 },
    axisX: { grid: false }, axisY: { domain: false, ticks: false },
    legend: { labelColor: muted, titleColor: ink, titleFontWeight: 500, labelFontSize: 11,
      titleFontSize: 12, labelLimit: 110, titleLimit: 220, orient: "bottom", columns: 4, symbolLimit: 16,
      gradientLength: 160, gradientThickness: 10, offset: 8 },
    countTitle: "Number of rows",
    header: { labelColor: muted, titleColor: ink, titleFontWeight: 500, labelLimit: 130 },
    range: { category, ramp, heatmap: ramp, ordinal: ramp },
  };
}

/** The rows of columns, new objects each time: Vega writes into them. */
export function rows(data, names = Object.keys(data)) {
  const count = Object.values(data)[0]?.length ?? 0;
  return Array.from({ length: count }, (_, i) => Object.fromEntries(names.map((name) => [name, data[name][i]])));
}

/** A specification with the table's rows in the place of the data called `table`. */
export function filled(spec, data, names) {
  const isTable = spec.data === undefined || spec.data?.name === "table";
  return isTable ? { ...titled(spec), data: { values: rows(data, names) } } : spec;
}

/** With titles where Vega-Lite would show the signs that escape a name: `it\'s` for `it's`. */
function titled(spec) {
  const isEscaped = (definition) => definition?.field?.includes?.("\\") && definition.title === undefined;
  const encoding = Object.entries(spec.encoding ?? {}).map(([channel, definition]) =>
    [channel, isEscaped(definition) ? { ...definition, title: verbal(definition) } : definition]);
  return spec.encoding ? { ...spec, encoding: Object.fromEntries(encoding) } : spec;
}

function verbal(definition) {
  const { aggregate, timeUnit, bin } = definition;
  const name = named(definition);
  if (typeof aggregate === "string") return `${aggregate.charAt(0).toUpperCase()}${aggregate.slice(1)} of ${name}`;
  if (timeUnit) return `${name} (${timeUnit})`;
  return bin ? `${name} (binned)` : name;
}

/** Draws into an element. Resolves to the view, whose `finalize()` must be called at the end. */
export async function draw(place, spec, data, { names, width, height } = {}) {
  const host = el("div");  // Vega gives it a role and a label of its own
  place.replaceChildren(host);
  const theme = THEMES[document.documentElement.dataset.theme];
  const full = filled(sized(spec, data, width, height), data, names);
  return vegaEmbed(host, full, {
    ...options(spec, data, theme, "transparent", width),
    renderer: (full.data.values?.length ?? 0) > MANY ? "canvas" : "svg",
    tooltip: tip,
  });
}

function options(spec, data, theme, background, width) {
  const colours = config(theme, background);
  if (labelsFit(spec, data, width)) colours.axisXDiscrete = { labelAngle: 0 };
  return { mode: "vega-lite", ast: true, actions: false, defaultStyle: false, loader: LOADER, config: colours,
    logLevel: vega.Error };
}

/** Whether the names of the categories on x have room side by side, so that they need not be turned. */
function labelsFit({ encoding = {} }, data, width = 320) {
  const { x, row, column } = encoding;
  const values = [...new Set(data[named(x)] ?? [])];
  const longest = Math.max(...values.map((value) => (x.timeUnit ? 3 : String(value).length)));
  const share = column || row ? 0 : (width - 60) / levels(x, data);
  return values.length > 0 && (longest + 1) * 6.5 < share;
}

/** A PNG or SVG of a chart, always in light colours. */
export async function picture(spec, data, format) {
  const host = el("div");
  const full = filled(sized(spec, data, 640, 400), data);
  const result = await vegaEmbed(host, full, {
    ...options(spec, data, THEMES.light, THEMES.light.ground, 640), renderer: "svg", tooltip: false,
  });
  try {
    if (format === "svg") return new Blob([await result.view.toSVG()], { type: "image/svg+xml" });
    const canvas = await result.view.toCanvas(2);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    result.finalize();
  }
}

const named = (definition) => definition?.field?.replace(/\\(.)/g, "$1");

const CYCLES = { month: 12, day: 7, hours: 24 };

function levels(definition, data) {
  if (definition?.timeUnit in CYCLES) return CYCLES[definition.timeUnit];
  const values = data[named(definition)];
  return values ? new Set(values).size : 1;
}

/** A specification of one view with a size that fits; others, and sizes given, are left alone. */
function sized(spec, data, width = 320, height = 220) {
  const { encoding = {}, mark } = spec;
  if (!mark || spec.width !== undefined || spec.height !== undefined) return spec;
  const discrete = (channel) => ["nominal", "ordinal"].includes(encoding[channel]?.type);
  const rowCount = levels(encoding.row, data);
  const columnCount = levels(encoding.column, data);
  if (rowCount > 1 || columnCount > 1) {
    return { ...spec,
      width: Math.max(70, Math.round((width - 90) / columnCount - 12)),
      height: Math.max(56, Math.round((height - 60) / rowCount - 12)) };
  }
  const alone = mark !== "arc" && mark.type !== "arc";
  const full = { ...spec, width, height, autosize: { type: "fit", contains: "padding" } };
  if (alone && !encoding.y) full.height = Math.min(height, 130);
  if (alone && !encoding.x) full.width = Math.min(width, 200);
  if (discrete("y") && levels(encoding.y, data) > height / 16) {
    Object.assign(full, { height: { step: 14 }, width: Math.max(120, width - 140), autosize: "pad" });
  } else if (discrete("x") && levels(encoding.x, data) > width / 9) {
    Object.assign(full, { width: { step: 11 }, height: Math.max(90, height - 90), autosize: "pad" });
  } else if (discrete("x") && alone) {
    full.width = Math.min(full.width, 110 + 90 * levels(encoding.x, data));  // no bars like walls
  }
  return full;
}

// -- tooltips: names and values as texts ---------------------------------------------------------

let bubble = null;

function tip(handler, event, item, value) {
  bubble?.remove();
  bubble = null;
  if (value === null || value === undefined || value === "") return;
  const pairs = typeof value === "object" ? Object.entries(value) : [["", value]];
  bubble = el("div", { className: "tip" }, el("dl", {},
    ...pairs.flatMap(([name, each]) => [el("dt", {}, name), el("dd", {}, String(each))])));
  // In an open dialog, or it would be beneath it.
  (byId("editor").open ? byId("editor") : document.body).append(bubble);
  const box = bubble.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const top = event.clientY + 14 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 14;
  bubble.style.left = `${Math.max(8, left)}px`;
  bubble.style.top = `${Math.max(8, top)}px`;
}
