"use strict";
/* Everything works on what is in the page already: rows are moved and hidden, never written as markup. */
(() => {
  const root = document.documentElement;
  const PAGE = 2000; // rows laid out at once
  const $ = (selector, inside = document) => inside.querySelector(selector);
  const $$ = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  /* Storage is forbidden in some places, as in a sandboxed frame; then nothing is remembered. */
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* not remembered */ } };
  const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  root.classList.add("js");
  const kept = recall("autows-theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  /** Make an element; children are elements or text. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /* ---- Theme ---- */
  function startTheme() {
    const button = $("#theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const show = () => button.setAttribute("aria-pressed", dark());
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember("autows-theme", root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    show();
  }

  /* ---- State: what is chosen, kept in the address as #section?name=value ---- */
  const state = {};
  const initial = {};
  const fields = {}; // name -> its form elements
  const sort = { key: "", up: true };

  function readFields() {
    for (const field of $$("[data-state]")) (fields[field.dataset.state] ??= []).push(field);
    for (const name of Object.keys(fields)) initial[name] = state[name] = value(name);
  }
  function value(name) {
    const [field] = fields[name];
    if (field.type === "radio") return fields[name].find((option) => option.checked)?.value ?? "";
    return field.type === "checkbox" ? (field.checked ? "yes" : "") : field.value;
  }
  /** Set a field; for a value it does not offer it takes the one that the page opened with. */
  function put(name, wanted) {
    for (const field of fields[name]) {
      if (field.type === "radio") field.checked = field.value === wanted;
      else if (field.type === "checkbox") field.checked = wanted === "yes";
      else if (field.type === "search") field.value = wanted;
      else field.value = [...field.options].some((option) => option.value === wanted) ? wanted : initial[name];
    }
    if (fields[name][0].type === "radio" && !value(name)) put(name, initial[name]);
    state[name] = value(name);
  }
  function address(section) {
    const parts = new URLSearchParams();
    for (const name of Object.keys(state)) if (state[name] !== initial[name]) parts.set(name, state[name]);
    if (sort.key) parts.set("sort", `${sort.key}.${sort.up ? "asc" : "desc"}`);
    const text = parts.toString();
    return text ? `#${section}?${text}` : `#${section}`;
  }
  function keep(section) {
    history.replaceState(null, "", address(section));
  }
  /** Take the state from the address and go to its section, in the given manner if any; a plain anchor leaves the state. */
  function readAddress(go) {
    const [section, query] = location.hash.slice(1).split("?");
    if (query !== undefined) {
      const parts = new URLSearchParams(query);
      for (const name of Object.keys(fields)) put(name, parts.get(name) ?? initial[name]);
      const [key, way] = (parts.get("sort") ?? "").split(".");
      sort.key = $$("#table th").some((th) => th.dataset.key === key) ? key : "";
      sort.up = way === "asc";
      refresh();
    }
    const target = document.getElementById(section);
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (target && go) target.scrollIntoView({ behavior: go });
  }

  /* ---- Standings ---- */
  function showStanding() {
    const all = $$(".standing");
    if (!all.length) return;
    const mine = all.find((s) => s.dataset.pool === state.pool && s.dataset.under === state.under && s.dataset.n === state.n);
    for (const standing of all) standing.classList.toggle("on", standing === mine);
    $("#no-standing").hidden = Boolean(mine);
    $("#standing-status").textContent = mine ? `${mine.dataset.name}: ${mine.dataset.ranked} ranked` : "";
  }

  /* ---- All results ---- */
  const collator = new Intl.Collator("en", { numeric: true });
  let rows = [];
  let columns = [];
  let limit = PAGE;

  function readRows() {
    let numbers = 0;
    columns = $$("#table thead th").map((th, index) => {
      const number = "number" in th.dataset;
      return { th, index, key: th.dataset.key, first: th.dataset.first, slot: number ? numbers++ : -1 };
    });
    const waiting = $("#waiting");
    const nodes = [...$("#table").tBodies[0].rows, ...(waiting ? waiting.content.querySelectorAll("tr") : [])];
    const at = (key) => columns.find((column) => column.key === key)?.index ?? -1;
    const [task, features] = [at("task"), at("features")];
    rows = nodes.map((node, order) => ({
      node,
      order,
      text: node.textContent.toLowerCase(),
      numbers: node.dataset.v.split(",").map((text) => (text === "" ? NaN : Number(text))),
      task: node.cells[task].textContent,
      features: node.cells[features].textContent,
      method: node.dataset.method,
      modality: node.dataset.m,
      entrants: node.dataset.p,
      family: node.dataset.y,
      again: node.dataset.again ?? "",
      labels: at("n_labels") < 0 ? "" : node.cells[at("n_labels")].textContent,
    }));
  }
  function showRows() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = ["method", "task", "features", "modality", "entrants", "family", "labels"].filter((name) => state[name]);
    const found = rows.filter(
      (row) => wanted.every((name) => row[name] === state[name]) && words.every((word) => row.text.includes(word)),
    );
    const column = columns.find(({ key }) => key === sort.key);
    if (column) {
      const way = sort.up ? 1 : -1;
      const { slot, index } = column;
      found.sort(
        slot < 0
          ? (a, b) => way * collator.compare(a.node.cells[index].textContent, b.node.cells[index].textContent) || a.order - b.order
          : (a, b) => byNumber(a.numbers[slot], b.numbers[slot], way) || a.order - b.order,
      );
    }
    for (const { th, key } of columns) {
      th.setAttribute("aria-sort", key !== sort.key ? "none" : sort.up ? "ascending" : "descending");
    }
    const part = document.createDocumentFragment();
    for (const { node } of found.slice(0, limit)) part.append(node);
    $("#table").tBodies[0].replaceChildren(part);
    $("#table").classList.toggle("all", state.wide === "yes");
    const shown = Math.min(limit, found.length);
    const whole = rows.length.toLocaleString("en");
    $("#count").textContent =
      found.length === rows.length && shown === rows.length
        ? `All ${whole} rows`
        : `${found.length.toLocaleString("en")} of ${whole} rows` + (shown < found.length ? `, the first ${shown.toLocaleString("en")} shown` : "");
    $("#more").hidden = shown === found.length;
    $("#more").textContent = `Show ${Math.min(PAGE, found.length - shown).toLocaleString("en")} more`;
  }
  /** Rows without a number come last, whichever way the others go. */
  function byNumber(a, b, way) {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return way * (a - b);
  }
  function press(column) {
    const up = column.first === "asc";
    if (sort.key !== column.key) Object.assign(sort, { key: column.key, up });
    else if (sort.up === up) sort.up = !up;
    else sort.key = "";
    limit = PAGE;
    showRows();
    keep("results");
  }

  /* ---- Head to head ---- */
  let data = null;
  const sign = (x) => {
    if (typeof x !== "number" || Number.isNaN(x)) return "\u2013";
    const text = (100 * x).toFixed(1);
    return Number(text) === 0 ? "0.0" : Number(text) > 0 ? `+${text}` : `\u2212${text.slice(1)}`;
  };
  /** A name that may break after an underscore. */
  const soft = (name) => name.split(/(?<=_)/).flatMap((part, i) => (i ? [make("wbr"), part] : [part]));
  const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  /** Find the paired difference a - b with the chosen number of labels, or with another one. */
  function paired(a, b) {
    const [i, j] = [data.methods.indexOf(a), data.methods.indexOf(b)];
    const both = data.duels.filter(([x, y]) => (x === i && y === j) || (x === j && y === i));
    const duel = both.find(([, , labels]) => String(labels) === state.n) ?? both[0];
    if (!duel) return null;
    const turn = (x) => (x === null || duel[0] === i ? x : -x);
    const flip = ([d, low, high, ...rest]) => (duel[0] === i ? [d, low, high, ...rest] : [-d, turn(high), turn(low), ...rest]);
    const whole = (values) => {
      const [d, low, high, p, verdict] = flip(values);
      return { d, low, high, p, verdict: turn(verdict) };
    };
    const tasks = new Map(
      duel[5].map(([task, d, low, high, features]) => [data.tasks[task], { features, values: flip([d, low, high]) }]),
    );
    return { labels: duel[2], others: whole(duel[3]), here: whole(duel[4]), tasks };
  }
  /** Say who is better in one reading of the data; p and interval stand behind it. */
  function said(where, a, b, { d, low, high, p, verdict }) {
    const bold = (text) => make("b", {}, text);
    const chance = p === null ? "" : p < 0.001 ? ", p\u00a0<\u00a00.001" : `, p\u00a0=\u00a0${p.toFixed(3)}`;
    const sure = low === null ? "; there is no interval." : ` (95\u00a0% interval ${sign(low)} to ${sign(high)}${chance}).`;
    const points = `${(100 * Math.abs(d)).toFixed(1)} points`;
    return verdict
      ? make("p", {}, `${where}, `, bold(a), " is ", bold(verdict > 0 ? "more" : "less"), " accurate than ", bold(b), ` by ${points}${sure}`)
      : make("p", {}, `${where}, `, bold(a), " and ", bold(b), " are ", bold("not told apart"), `: A \u2212 B is ${sign(d)} points${sure}`);
  }
  function showDuel() {
    const box = $("#duel");
    if (!box) return;
    const { a, b } = state;
    const say = (...content) => $("#verdict").replaceChildren(...content);
    box.replaceChildren();
    if (a === b) return say("Choose two different methods.");
    const found = paired(a, b);
    if (found) {
      const { others, here, tasks, labels } = found;
      const cells = [...tasks.values()].reduce((sum, task) => sum + task.features.length, 0);
      const scope = `${counted(tasks.size, "task")} (${counted(cells, "cell")}) that both ran on with ${labels} labels`;
      if (tasks.size === 1) say(said(`On ${[...tasks.keys()][0]}, the only task they share with ${labels} labels`, a, b, here));
      else say(said(`On other tasks like these`, a, b, others), said(`On these ${scope}`, a, b, here));
      const near = [here.d, here.low, here.high].map((x) => Math.abs(x ?? 0));
      const reach = 1.15 * Math.max(0.01, ...near, Math.min(2 * Math.max(...near), Math.max(...[others.low, others.high].map((x) => Math.abs(x ?? 0)))));
      const spot = (x) => Math.min(Math.max(50 + (50 * x) / reach, 0), 100).toFixed(1);
      const between = ({ low, high }, from, to) => (low === null ? "" : `;--${from}:${spot(low)};--${to}:${spot(high)}`);
      const style = `--m:${spot(here.d)}${between(others, "a", "b")}${between(here, "c", "d")}`;
      const kind = others.verdict > 0 ? "better" : others.verdict < 0 ? "worse" : "open";
      const shape = `iv${others.low === null ? " dotonly" : ""}${here.low === null ? "" : " two"}`;
      box.append(
        make("div", { class: `duel-axis zero ${kind}`, "aria-hidden": "true" },
          make("span", { class: shape, style }),
          make("span", { class: "ends quiet" }, make("span", {}, `${b} better`), make("span", {}, `${a} better`))),
      );
    } else say("These two are not compared: they have no task, features and draws in common.");
    box.append(duelTable(a, b, found));
    watchEdges();
  }
  /** Both methods cell by cell, with the paired difference by task; what does not count is grey and says why. */
  function duelTable(a, b, found) {
    const { slot, index } = columns.find(({ key }) => key === "accuracy");
    const labels = found ? String(found.labels) : state.n;
    const tasks = new Map();
    for (const row of rows) {
      const { method, task, features } = row;
      if ((method !== a && method !== b) || (row.labels && labels && row.labels !== labels)) continue;
      if (!tasks.has(task)) tasks.set(task, new Map());
      if (!tasks.get(task).has(features)) tasks.get(task).set(features, {});
      tasks.get(task).get(features)[method === a ? "a" : "b"] = row;
    }
    const text = (row) => {
      if (!row) return "\u2013";
      const cell = row.node.cells[index];
      return [...cell.childNodes].filter((node) => !node.classList?.contains("eq")).map((node) => node.textContent).join("").trim();
    };
    const known = (row) => row !== undefined && !Number.isNaN(row.numbers[slot]);
    const number = (...content) => make("td", { class: "n" }, ...content);
    const bodies = [...tasks].map(([task, lines]) => {
      const duel = found?.tasks.get(task);
      const body = make("tbody");
      [...lines].forEach(([features, line], position) => {
        const both = known(line.a) && known(line.b);
        const counts = duel?.features.includes(features) ?? false;
        const again = line.a?.again || line.b?.again;
        const why = !both || counts ? "" : again ? `${again} again, not counted` : "too few draws in common, not counted";
        const row = make("tr", both && !counts ? { class: "gone" } : {},
          make("td", {}, features, ...(why ? [make("span", { class: "why" }, why)] : [])),
          number(text(line.a)), number(text(line.b)),
          number(make("b", {}, both ? sign(line.a.numbers[slot] - line.b.numbers[slot]) : "\u2013")));
        if (position === 0) {
          row.prepend(make("th", { scope: "rowgroup", class: "stick", rowspan: lines.size }, ...soft(task)));
          row.append(make("td", { class: "n", rowspan: lines.size }, ...inPairs(duel?.values)));
        }
        body.append(row);
      });
      return body;
    });
    const head = make("tr", {}, make("th", { scope: "col", class: "stick" }, "Task"),
      ...["Features", a, b, "A \u2212 B", "Paired, by task"].map((name) => make("th", { scope: "col", class: name === "Features" ? "" : "n" }, ...soft(name))));
    return make("div", { class: "region", role: "region", tabindex: "0", "aria-label": `${a} and ${b}, cell by cell` },
      make("table", { class: "matrix" }, make("caption", {}, `${a} and ${b}, cell by cell, per cent and points`), make("thead", {}, head), ...bodies));
  }
  function inPairs(values) {
    if (!values) return ["\u2013"];
    const [d, low, high] = values;
    return low === null ? [sign(d)] : [sign(d), make("span", { class: "pm below" }, `${sign(low)} to ${sign(high)}`)];
  }

  /* ---- What scrolls sideways fades at the edge beyond which there is more ---- */
  function fade(box) {
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  }
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) fade(target);
  });
  function watchEdges() {
    for (const box of $$(".region:not([data-watched]), .drawing:not([data-watched])")) {
      box.dataset.watched = "";
      box.addEventListener("scroll", () => fade(box), { passive: true });
      sizes.observe(box);
    }
  }

  /* ---- Together ---- */
  const OF_STANDINGS = ["pool", "under", "n"];
  const OF_DUEL = ["a", "b"];
  function refresh() {
    limit = PAGE;
    showStanding();
    showRows();
    showDuel();
  }
  function changed(name) {
    state[name] = value(name);
    if (OF_STANDINGS.includes(name)) {
      showStanding();
      showDuel();
      keep("standings");
    } else if (OF_DUEL.includes(name)) {
      showDuel();
      keep("head-to-head");
    } else {
      limit = PAGE;
      showRows();
      keep("results");
    }
  }
  function listen() {
    let timer = 0;
    for (const [name, mine] of Object.entries(fields)) {
      for (const field of mine) {
        if (field.type !== "search") field.addEventListener("change", () => changed(name));
        else field.addEventListener("input", () => {
          clearTimeout(timer);
          timer = setTimeout(changed, 120, name);
        });
      }
    }
    for (const form of $$("form")) form.addEventListener("submit", (event) => event.preventDefault());
    for (const column of columns) $("button", column.th).addEventListener("click", () => press(column));
    $("#reset").addEventListener("click", () => {
      for (const name of Object.keys(fields)) if (!OF_STANDINGS.includes(name) && !OF_DUEL.includes(name)) put(name, initial[name]);
      sort.key = "";
      limit = PAGE;
      showRows();
      keep("results");
    });
    $("#more").addEventListener("click", () => {
      limit += PAGE;
      showRows();
    });
    $("#swap")?.addEventListener("click", () => {
      const { a, b } = state;
      put("a", b);
      put("b", a);
      changed("a");
    });
    for (const button of $$("[data-open]")) {
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-expanded") !== "true";
        for (const fold of $$(`#${button.dataset.open} details`)) fold.open = open;
        button.setAttribute("aria-expanded", open);
        button.textContent = open ? "Close all" : "Open all";
      });
    }
    addEventListener("hashchange", () => readAddress("auto"));
  }
  document.addEventListener("DOMContentLoaded", () => {
    data = JSON.parse($("#data").textContent);
    startTheme();
    readFields();
    readRows();
    refresh();
    watchEdges();
    listen();
    // After a reload the browser itself goes back to where the reader was.
    if (location.hash) readAddress(performance.getEntriesByType("navigation")[0]?.type === "reload" ? "" : "instant");
  });
})();
