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
    const text = (100 * x).toFixed(1);
    return Number(text) === 0 ? "0.0" : Number(text) > 0 ? `+${text}` : `\u2212${text.slice(1)}`;
  };

  /** Find the paired difference a - b: in the chosen standing, in another one, or from a comparison. */
  function paired(a, b) {
    const [i, j] = [data.methods.indexOf(a), data.methods.indexOf(b)];
    const rank = (s) => (s.labels === Number(state.n)) * 4 + (s.features === state.under) * 2 + (s.pool === state.pool);
    const flip = ([d, low, high, p], turn) =>
      turn ? [-d, high === null ? null : -high, low === null ? null : -low, p] : [d, low, high, p];
    for (const standing of [...data.standings].sort((s, t) => rank(t) - rank(s))) {
      const pair = standing.pairs.find(([x, y]) => (x === i && y === j) || (x === j && y === i));
      if (pair) return { values: flip(pair.slice(2), pair[0] === j), standing };
    }
    const comparison = compared(i, j);
    return comparison && { values: flip(comparison.all, comparison.a === j), comparison };
  }
  function compared(i, j) {
    const both = data.comparisons.filter((c) => (c.a === i && c.b === j) || (c.a === j && c.b === i));
    return both.find((c) => c.features === state.under && c.labels === Number(state.n)) ?? both.find((c) => c.labels === Number(state.n)) ?? both[0];
  }
  function verdict(a, b, [d, low, high, p], where, after) {
    const bold = (text) => make("b", {}, text);
    const between = low === null ? "; there is no interval" : ` (95\u00a0% interval ${sign(low)} to ${sign(high)})`;
    const chance = p === null ? "" : p < 0.001 ? ` p\u00a0<\u00a00.001${after}.` : ` p\u00a0=\u00a0${p.toFixed(3)}${after}.`;
    if (low !== null && (low > 0 || high < 0)) {
      const by = `by ${(100 * Math.abs(d)).toFixed(1)} points`;
      return [bold(a), " is ", bold(d > 0 ? "more" : "less"), " accurate than ", bold(b), ` ${by}${between}, ${where}.${chance}`];
    }
    return [bold(a), " and ", bold(b), " are ", bold("not separated"), `: A \u2212 B is ${sign(d)} points${between}, ${where}.${chance}`];
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
      const { standing, comparison, values } = found;
      const kinds = ({ features }) => (features === "all" ? "all features" : `${features} features`);
      const tasks = (n) => `${n} ${n === 1 ? "task" : "tasks"}`;
      const named = ({ pool, features, labels }) =>
        $(`.standing[data-pool="${pool}"][data-under="${features}"][data-n="${labels}"]`).dataset.name;
      const where = standing
        ? `over the ${tasks(standing.tasks)} (${standing.cells} cells) of the standings \u201c${named(standing)}\u201d`
        : `over the ${tasks(comparison.tasks.length)} that both ran on, ${kinds(comparison)}, ${comparison.labels} labels`;
      say(...verdict(a, b, values, where, standing ? " after Holm over all pairs" : ""));
      const [d, low, high] = values;
      const reach = 1.15 * Math.max(0.01, ...[d, low, high].map((x) => Math.abs(x ?? 0)));
      const spot = (x) => (50 + (50 * x) / reach).toFixed(1);
      const style = `--m:${spot(d)}` + (low === null ? "" : `;--a:${spot(low)};--b:${spot(high)}`);
      const kind = low > 0 ? "better" : low !== null && high < 0 ? "worse" : "open";
      box.append(
        make("div", { class: `duel-axis zero ${kind}`, "aria-hidden": "true" },
          make("span", { class: low === null ? "iv dotonly" : "iv", style }),
          make("span", { class: "ends quiet" }, make("span", {}, `${b} better`), make("span", {}, `${a} better`))),
      );
    } else say("These two are not compared: neither are both ranked anywhere, nor is one of them a control that ran beside the other.");
    box.append(duelTable(a, b));
  }
  /** Both methods cell by cell, with the paired difference by task where there is one. */
  function duelTable(a, b) {
    const slot = columns.find(({ key }) => key === "accuracy").slot;
    const index = columns.find(({ key }) => key === "accuracy").index;
    const cells = new Map();
    for (const row of rows) {
      const { method } = row;
      if ((method !== a && method !== b) || (row.labels && state.n && row.labels !== state.n)) continue;
      const key = JSON.stringify([row.task, row.features]);
      if (!cells.has(key)) cells.set(key, {});
      cells.get(key)[method === a ? "a" : "b"] = row;
    }
    const [i, j] = [data.methods.indexOf(a), data.methods.indexOf(b)];
    const comparison = compared(i, j);
    const byTask = new Map((comparison?.tasks ?? []).map(([task, ...values]) => [task, values]));
    const text = (row) => {
      if (!row) return "\u2013";
      const cell = row.node.cells[index];
      return [...cell.childNodes].filter((node) => !node.classList?.contains("eq")).map((node) => node.textContent).join("").trim();
    };
    const tasks = new Map();
    for (const [key, pair] of cells) {
      const [task, features] = JSON.parse(key);
      if (!tasks.has(task)) tasks.set(task, []);
      tasks.get(task).push({ features, ...pair });
    }
    const turn = comparison?.a === j ? -1 : 1;
    const bodies = [...tasks].map(([task, lines]) => {
      const rowspan = lines.length;
      const body = make("tbody");
      lines.forEach((line, position) => {
        const difference = line.a && line.b ? sign(line.a.numbers[slot] - line.b.numbers[slot]) : "\u2013";
        const number = (...content) => make("td", { class: "n" }, ...content);
        const row = make("tr", {}, make("td", {}, line.features),
          number(text(line.a)), number(text(line.b)), number(make("b", {}, difference)));
        if (position === 0) {
          row.prepend(make("th", { scope: "rowgroup", class: "stick", rowspan }, task));
          if (byTask.size) row.append(make("td", { class: "n", rowspan }, ...inPairs(byTask.get(task), turn)));
        }
        body.append(row);
      });
      return body;
    });
    const heads = ["Features", a, b, "A \u2212 B", ...(byTask.size ? ["Paired, by task"] : [])];
    const head = make("tr", {}, make("th", { scope: "col", class: "stick" }, "Task"),
      ...heads.map((name) => make("th", { scope: "col", class: name === "Features" ? "" : "n" }, name)));
    return make("div", { class: "region", role: "region", tabindex: "0", "aria-label": `${a} and ${b}, cell by cell` },
      make("table", { class: "matrix" }, make("caption", {}, `${a} and ${b}, cell by cell, per cent and points`), make("thead", {}, head), ...bodies));
  }
  function inPairs(values, turn) {
    if (!values) return ["\u2013"];
    const [d, ...ends] = values.map((x) => (x === null ? null : turn * x));
    if (ends[0] === null) return [sign(d)];
    const [low, high] = ends.sort((x, y) => x - y).map(sign);
    return [sign(d), make("span", { class: "pm below" }, `${low} to ${high}`)];
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
    let closed = [];
    addEventListener("beforeprint", () => {
      closed = $$("details:not([open])");
      for (const fold of closed) fold.open = true;
    });
    addEventListener("afterprint", () => {
      for (const fold of closed) fold.open = false;
    });
  }
  document.addEventListener("DOMContentLoaded", () => {
    data = JSON.parse($("#data").textContent);
    startTheme();
    readFields();
    readRows();
    refresh();
    listen();
    // After a reload the browser itself goes back to where the reader was.
    if (location.hash) readAddress(performance.getEntriesByType("navigation")[0]?.type === "reload" ? "" : "instant");
  });
})();
