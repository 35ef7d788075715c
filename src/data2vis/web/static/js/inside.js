// Inside the network: where it looked (a heat map that is a table) and how the search went (a tree).

import { ask } from "./api.js";
import { byId, el, svg } from "./dom.js";

const waiting = () => el("p", { className: "hint" }, "The network is at work …");
const wrong = (error) => el("p", { className: "verdict bad" }, error.message);
const word = ({ token, column }) => el("span", column === undefined ? {} : { className: "name", title: column }, column ?? token);
const text = ({ token, column }) => column ?? token;
const given = (session) => ({ types: session.types });

/** Rows are the words of the chart, columns those of the table; the darker, the more attention. */
export async function showAttention(session, chart) {
  const place = byId("attention");
  place.replaceChildren(waiting());
  let found;
  try {
    found = await ask("attention", session.given, { ...given(session), chart: chart.tokens });
  } catch (error) {
    place.replaceChildren(wrong(error));
    return;
  }
  if (!found.scores.length) {
    place.replaceChildren(el("p", { className: "hint" }, "This network has no attention."));
    return;
  }
  const head = el("tr", {}, el("td"), ...found.source.map((each) => el("th", { scope: "col" }, word(each))));
  const body = found.scores.map((scores, i) => el("tr", {},
    el("th", { scope: "row" }, word(found.target[i])),
    ...scores.map((score, j) => cell(score, `${text(found.target[i])} looked at ${text(found.source[j])}`))));
  place.replaceChildren(el("table", { className: "heat", aria: { label: "Attention" } },
    el("thead", {}, head), el("tbody", {}, ...body)));
}

function cell(score, what) {
  const percent = `${Math.round(100 * score)} %`;
  const found = el("td", { title: `${what}: ${percent}` }, el("span", {}, percent));
  found.style.setProperty("--share", Math.sqrt(score).toFixed(3));
  return found;
}

/** Every step of a beam search from left to right, and a table of what it found. */
export async function showBeams(session) {
  const place = byId("beams");
  place.replaceChildren(waiting());
  const options = { ...given(session), beam_width: Number(byId("beam-width").value), raw: byId("beam-raw").checked };
  try {
    const { steps, found } = await ask("beams", session.given, options);
    place.replaceChildren(tree(steps, found[0]?.tokens ?? []), table(found));
  } catch (error) {
    place.replaceChildren(wrong(error));
  }
}

const WIDTH = 116, HEIGHT = 30, GAP = 44;

function tree(steps, best) {
  const isBest = markBest(steps, best);
  const x = (step) => step * (WIDTH + GAP) + 4;
  const y = (beam) => beam * (HEIGHT + 8) + 4;
  const lines = [], boxes = [];
  steps.forEach((beams, step) => beams.forEach((beam, i) => {
    const mark = isBest[step][i] ? "best" : "";
    if (step > 0) {
      const [x0, y0, x1, y1] = [x(step - 1) + WIDTH, y(beam.parent) + HEIGHT / 2, x(step), y(i) + HEIGHT / 2];
      lines.push(svg("path", { d: `M${x0} ${y0}C${x0 + GAP / 2} ${y0} ${x1 - GAP / 2} ${y1} ${x1} ${y1}`, class: mark }));
    }
    const label = text(beam);
    const title = svg("title", {}, `${label}, log probability ${beam.log_probability}`);
    const shownLabel = label.length > 15 ? `${label.slice(0, 14)}…` : label;
    boxes.push(svg("g", {}, title,
      svg("rect", { x: x(step), y: y(i), width: WIDTH, height: HEIGHT, rx: 7, class: mark }),
      svg("text", { x: x(step) + 9, y: y(i) + 19, class: beam.column === undefined ? "" : "name" }, shownLabel)));
  }));
  lines.sort((a, b) => (a.getAttribute("class") < b.getAttribute("class") ? -1 : 1));  // the best on top
  const most = Math.max(1, ...steps.map((beams) => beams.length));
  return svg("svg", { class: "tree", width: x(steps.length), height: y(most), role: "img",
    "aria-label": "Beam search, step by step; the table below has what it found" }, ...lines, ...boxes);
}

/** Which beginnings lead to the best sequence: those whose words are its first words. */
function markBest(steps, best) {
  let before = [];
  return steps.map((beams, step) => {
    before = beams.map((beam) =>
      step < best.length && (step === 0 || before[beam.parent]) && beam.token === best[step].token);
    return before;
  });
}

function table(found) {
  return el("table", { className: "found" }, el("caption", {}, "What the search found, the most probable first"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Log probability"), el("th", { scope: "col" }, "Chart"))),
    el("tbody", {}, ...found.map(({ tokens, log_probability: probability }) => el("tr", {},
      el("td", {}, probability.toFixed(2)), el("td", {}, tokens.map(text).join(" "))))));
}
