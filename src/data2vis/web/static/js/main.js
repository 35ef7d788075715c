// The page: a table is given, its charts are shown, and asked for anew when something is changed.

import { ask } from "./api.js";
import { byId, el } from "./dom.js";
import * as editor from "./editor.js";
import * as gallery from "./gallery.js";
import { listen } from "./input.js";
import * as profile from "./profile.js";
import { busy, done, failed, well } from "./status.js";

// What is shown: the table as it was given, changed types, and the server's answer.
let session = { given: null, types: {}, table: null, charts: [], data: {}, like: null };
let asking = new AbortController();

listen(async (given) => {
  byId("mark").value = "";
  byId("field").value = "";
  await suggest({ ...session, given, types: {}, like: null }, true);
});

/** Asks for charts; what is shown stays until they are there. */
async function suggest(wanted, isNew = false) {
  well();
  busy("Choosing charts");
  asking.abort();
  asking = new AbortController();
  const options = { types: wanted.types, count: Number(byId("count").value), data: "shared" };
  let answer;
  try {
    if (wanted.like) {
      answer = await ask("similar", wanted.given, { ...options, chart: wanted.like.tokens }, asking.signal);
    } else {
      answer = await ask("suggest", wanted.given, { ...options, filters: filters() }, asking.signal);
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    if (session.table) profile.show(session.table, retype);  // a type that was refused goes back
    failed(error);
    return;
  }
  session = { ...wanted, table: answer.table ?? session.table, charts: answer.charts, data: answer.data };
  await show(isNew);
}

function filters() {
  const chosen = (id) => (byId(id).value ? [byId(id).value] : []);
  return { marks: chosen("mark"), fields: chosen("field") };
}

async function show(isNew) {
  const { table, charts, data, like } = session;
  document.body.dataset.view = "work";
  byId("start").hidden = true;
  byId("work").hidden = false;
  document.title = `${table.name}: charts by Data2Vis`;
  byId("work-title").textContent = table.name;
  byId("work-size").textContent = `${table.rows.toLocaleString("en")} rows, ${table.columns.length} columns`;
  byId("charts-title").textContent = charts.length === 1 ? "1 chart" : `${charts.length} charts`;
  byId("like").hidden = !like;
  byId("like-text").textContent = like ? `Like “${like.title}”` : "";
  byId("sampled").hidden = table.shown_rows === table.rows;
  byId("sampled").textContent = `Charts draw ${table.shown_rows.toLocaleString("en")} of the ${table.rows.toLocaleString("en")} rows, at even distances: counts and sums are those of these rows.`;
  byId("none").hidden = charts.length > 0;
  byId("none").textContent = "No chart of this kind suits the table. Try another mark or column.";
  offerFields(table);
  profile.show(table, retype);
  if (isNew) {
    byId("work-title").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  if (await gallery.show(charts, data, { similar, edit })) {
    done(charts.length ? `${byId("charts-title").textContent} of ${table.name}` : "No charts");
  }
}

function offerFields(table) {
  const chosen = byId("field").value;
  const names = table.columns.filter((column) => column.pointer).map((column) => column.name);
  byId("field").replaceChildren(el("option", { value: "" }, "all"), ...names.map((name) => el("option", { value: name }, name)));
  byId("field").value = names.includes(chosen) ? chosen : "";
}

const retype = (name, kind) => suggest({ ...session, types: { ...session.types, [name]: kind }, like: null });
const similar = (chart) => suggest({ ...session, like: chart });
const edit = (chart, redraw) => editor.open(chart, session, redraw);

for (const id of ["mark", "field", "count"]) {
  byId(id).addEventListener("change", () => {
    if (byId(id).reportValidity() && session.given) suggest({ ...session, like: id === "count" ? session.like : null });
  });
}
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("unlike").addEventListener("click", () => suggest({ ...session, like: null }));
byId("inside").addEventListener("click", () => {
  const [chart] = session.charts;
  if (chart) editor.open(chart, session, async () => {}, "attention");
});
byId("another").addEventListener("click", () => {
  document.body.dataset.view = "start";
  document.title = "Data2Vis: a table in, charts out";
  byId("work").hidden = true;
  byId("start").hidden = false;
  byId("main").focus();
});

document.addEventListener("themechange", () => {
  if (session.charts.length && !byId("work").hidden) gallery.show(session.charts, session.data, { similar, edit }).then(() => done(""));
  editor.recolour();
});
