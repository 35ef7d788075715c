// Charts as files: PNG and SVG made here, JSON, and HTML that the server puts together.

import { exported } from "./api.js";
import { filled, picture } from "./chart.js";
import { el } from "./dom.js";
import { busy, done, failed } from "./status.js";

const FORMATS = ["png", "svg", "json", "html"];

/** A button with a menu of formats; `chart()` gives title and specification when it is used. */
export function menu(chart, data) {
  const button = el("button", { type: "button", className: "quiet", aria: { expanded: "false", haspopup: "true" } }, "Export");
  const items = FORMATS.map((format) => el("button", {
    type: "button", className: "quiet", on: { click: () => { close(); button.focus(); save(chart(), data(), format); } },
  }, format.toUpperCase()));
  const list = el("div", { hidden: true, role: "group", aria: { label: "Formats" } }, ...items);
  const whole = el("span", { className: "menu" }, button, list);
  const close = () => { list.hidden = true; button.setAttribute("aria-expanded", "false"); };
  button.addEventListener("click", () => {
    list.hidden = !list.hidden;
    button.setAttribute("aria-expanded", String(!list.hidden));
    if (!list.hidden) items[0].focus();
  });
  whole.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();  // the dialog around it stays open
      event.stopPropagation();
      close();
      button.focus();
    }
  });
  whole.addEventListener("focusout", (event) => { if (!whole.contains(event.relatedTarget)) close(); });
  return whole;
}

async function save({ title, spec }, data, format) {
  busy(`Making ${format.toUpperCase()}`);
  try {
    const full = filled(spec, data, used(spec, data));
    let blob;
    if (format === "json") blob = new Blob([JSON.stringify(full, null, 1)], { type: "application/json" });
    else if (format === "html") blob = await exported(full, "html", title);
    else blob = await picture(spec, data, format);
    download(blob, `${fileName(title)}.${format}`);
    done(`${format.toUpperCase()} saved`);
  } catch (error) {
    failed(error);
  }
}

/** The columns that a specification seems to use: their names stand in its text. */
function used(spec, data) {
  const text = JSON.stringify(spec);
  return Object.keys(data).filter((name) => {
    const escaped = name.replace(/[.[\]']/g, "\\$&");
    return text.includes(JSON.stringify(escaped)) || text.includes(JSON.stringify(name).slice(1, -1));
  });
}

const fileName = (title) => title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80) || "chart";

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
