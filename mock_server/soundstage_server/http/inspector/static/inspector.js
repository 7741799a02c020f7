// The inspector. Text of tasks is untrusted: it reaches the document through textContent only, never as HTML.

const CONTROL = "/_soundstage";
const PAGE = 100; // rows added by "Show more"
const RETRY_MS = 1000;
const TYPING_MS = 200;

const byId = (id) => document.getElementById(id);
const state = { shown: PAGE, account: "", selected: null, overview: null };
const rows = new Map(); // "vendor id" to its table row, so that a refresh changes only what differs

// Requests

class Refused extends Error {}

async function call(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem("soundstage-token");
  if (token) headers["X-Soundstage-Token"] = token;
  const response = await fetch(CONTROL + path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (response.status === 401) await askToken();
  if (!response.ok) throw new Refused((await response.json().catch(() => ({}))).detail || `HTTP ${response.status}`);
  return response;
}

async function read(path) {
  return (await call("GET", path)).json();
}

async function act(method, path, body) {
  try {
    await call(method, path, body);
    await refresh();
  } catch (error) {
    report(error.message, true);
  }
}

function askToken() {
  const dialog = byId("token");
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    sessionStorage.setItem("soundstage-token", dialog.querySelector("input").value);
    resolve();
  }, { once: true }));
}

function report(text, lost = false) {
  const line = byId("connection");
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("lost", lost);
}

// Elements

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const GROUPS = { fail: "failed", block: "blocked", timeout: "timed out", cancel: "canceled" };
// The vendor's word may be a number: the group gives its meaning.
function stateText(task) {
  const group = GROUPS[task.group] || task.group;
  return task.state.toLowerCase() === group ? group : `${group} (${task.state})`;
}

const amount = (number, unit) => `${Number(number.toFixed(6))} ${unit}`;
const clockTime = (at) => new Date(at * 1000).toISOString().slice(11, 19);

// Overview: clock, bill, accounts, orders, faults

function showOverview(overview) {
  state.overview = overview;
  const { clock } = overview;
  setText(byId("now"), `${new Date(clock.now * 1000).toISOString().replace("T", " ").slice(0, 19)} UTC`);
  const kind = byId("clock-kind"), speed = byId("clock-speed");
  if (document.activeElement !== kind) kind.value = clock.kind;
  if (document.activeElement !== speed) speed.value = clock.speed;
  speed.disabled = kind.value !== "scaled";
  setText(byId("account-count"), String(overview.account_count));
  setText(byId("task-count"), String(overview.task_count));
  const bill = Object.entries(overview.bill);
  byId("bill").replaceChildren(...(bill.length ? bill : [["nothing", null]]).flatMap(([unit, spent]) => [
    make("dt", { text: spent === null ? "spent" : unit }), make("dd", { text: spent === null ? unit : amount(spent, "") }),
  ]));
  showDoubles(overview);
  byId("accounts").replaceChildren(...overview.accounts.map(accountItem));
  byId("orders").replaceChildren(...overview.orders.map((order) => removable(orderText(order), "/scenarios", order.id)));
  byId("faults").replaceChildren(...overview.faults.map((fault) => removable(faultText(fault), "/scenarios/faults", fault.id)));
  fillVendors(overview.vendors);
}

function showDoubles(overview) {
  const doubles = overview.double_submissions.map((double) => make("li", {}, taskLink(double.vendor, double.second),
    ` equals ${double.first}, ${double.seconds_apart.toFixed(1)} s before`));
  byId("doubles").replaceChildren(...(doubles.length
    ? [make("p", { class: "warning", text: `${overview.double_count} double submissions: probably one job, paid twice` }), make("ul", {}, ...doubles)]
    : []));
}

function accountItem(account) {
  const button = make("button", { class: "link", type: "button", text: `${account.vendor} ${account.account}` });
  button.addEventListener("click", () => filterAccount(account.account));
  const money = `${amount(account.available, account.unit)} left, ${amount(account.spent, account.unit)} spent`;
  return make("li", {}, button, make("br"), make("small", { class: "note", text: `${account.tasks} tasks, ${money}` }));
}

function removable(text, path, id) {
  const button = make("button", { type: "button", text: "Remove", "aria-label": `Remove: ${text}` });
  button.addEventListener("click", () => act("DELETE", `${path}?id=${id}`));
  return make("li", {}, `${text} `, button);
}

const scope = (one) => `${one.vendor || "every vendor"}${one.account ? ` ${one.account}` : ""}${one.times ? `, ${one.times} times` : ""}`;
const orderText = (order) => `${order.then}: ${scope(order)}`;
const faultText = (fault) => `${fault.kind}${fault.status ? ` ${fault.status}` : ""}: ${scope(fault)}`;

function fillVendors(vendors) {
  for (const select of document.querySelectorAll("#vendor, form select[name=vendor]")) {
    if (select.options.length > 1) continue;
    select.append(...vendors.map(({ slug, title }) => make("option", { value: slug, text: title })));
  }
}

// The list of tasks

function query() {
  const wanted = { text: byId("text").value.trim(), vendor: byId("vendor").value, state: byId("state").value, account: state.account };
  const parameters = new URLSearchParams({ limit: state.shown });
  for (const [name, value] of Object.entries(wanted)) if (value) parameters.set(name, value);
  return parameters;
}

function showTasks({ tasks, more }) {
  const body = document.querySelector("#tasks tbody");
  const wanted = new Set();
  let place = body.firstElementChild;
  for (const task of tasks) {
    const key = `${task.vendor} ${task.id}`;
    wanted.add(key);
    const row = rows.get(key) || newRow(key, task);
    updateRow(row, task);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  for (const [key, row] of rows) {
    if (!wanted.has(key)) { row.remove(); rows.delete(key); }
  }
  byId("more").hidden = !more;
  const empty = byId("empty");
  empty.hidden = tasks.length > 0;
  if (!tasks.length) {
    setText(empty, state.overview && state.overview.task_count
      ? "No task matches."
      : "No task yet. Point a client at this address, for example with: eval \"$(soundstage env)\" and soundstage generate.");
  }
}

function newRow(key, task) {
  const button = make("button", { class: "task", type: "button" });
  const row = make("tr", {}, make("td", {}, button, make("small")), make("td", { class: "state" }),
    make("td", {}, make("progress", { max: 100 })), make("td"), make("td"));
  row.addEventListener("click", () => select(task.vendor, task.id));
  row.addEventListener("keydown", moveFocus);
  rows.set(key, row);
  return row;
}

function updateRow(row, task) {
  const [name, word, progress, price, created] = row.cells;
  setText(name.firstChild, task.prompt || task.operation);
  setText(name.lastChild, `${task.vendor} ${task.operation} · ${task.id}`);
  setText(word, stateText(task));
  word.className = `state ${task.group}`;
  const bar = progress.firstChild;
  bar.setAttribute("value", task.progress); // without the attribute, 0 would be shown as "unknown"
  bar.className = task.group;
  bar.setAttribute("aria-label", `${stateText(task)}, ${task.progress} percent`);
  setText(price, amount(task.price, task.unit));
  setText(created, clockTime(task.created));
  row.setAttribute("aria-current", String(isSelected(task.vendor, task.id)));
}

function moveFocus(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const row = step && event.currentTarget[step];
  if (!row) return;
  event.preventDefault();
  row.querySelector("button").focus();
}

function filterAccount(account) {
  state.account = account;
  state.shown = PAGE;
  const clear = make("button", { type: "button", text: `Account ${account} ×`, "aria-label": `Show all accounts, not only ${account}` });
  clear.addEventListener("click", () => filterAccount(""));
  byId("account-filter").replaceChildren(...(account ? [clear] : []));
  refresh();
}

// One task

const isSelected = (vendor, id) => state.selected !== null && state.selected.vendor === vendor && state.selected.id === id;
const taskPath = (vendor, id) => `/tasks/${encodeURIComponent(vendor)}/${id.split("/").map(encodeURIComponent).join("/")}`;

function taskLink(vendor, id) {
  const button = make("button", { class: "link", type: "button", text: id });
  button.addEventListener("click", () => select(vendor, id));
  return button;
}

async function select(vendor, id) {
  state.selected = { vendor, id, shown: "" };
  await refresh();
  byId("detail").focus();
}

function close() {
  const before = state.selected && rows.get(`${state.selected.vendor} ${state.selected.id}`);
  state.selected = null;
  byId("detail").hidden = true;
  if (before) before.querySelector("button").focus();
  refresh();
}

function showDetail(task) {
  const text = JSON.stringify(task);
  const panel = byId("detail");
  panel.hidden = false;
  // Rebuilt only when something has changed, so that a video goes on playing and a reader keeps the place.
  if (!state.selected || state.selected.shown === text) return;
  const { files: before } = state.selected;
  state.selected.shown = text;
  const media = before && JSON.stringify(task.files) === before ? panel.querySelector(".media") : mediaOf(task);
  state.selected.files = JSON.stringify(task.files);
  const closing = make("button", { type: "button", text: "Close", "aria-label": "Close the task" });
  closing.addEventListener("click", close);
  const opened = new Set([...panel.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  panel.replaceChildren(
    make("header", {}, make("h2", { text: task.operation }), closing),
    make("p", { class: "prompt", text: task.prompt }),
    make("p", {}, make("span", { class: `state ${task.group}`, text: stateText(task) }), ` · ${task.progress} %${task.reason ? ` · ${task.reason}` : ""}`),
    ...(task.final ? [] : [fateButtons(task)]),
    media,
    make("dl", {}, ...facts(task).flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: value })])),
    make("h3", { text: "Time line" }), timeLine(task),
    make("h3", { text: "Parameters" }), make("pre", { text: JSON.stringify(task.params, null, 2) }),
    make("h3", { text: `Requests (${task.requests.length})` }), ...task.requests.map(requestItem),
    make("h3", { text: `Callbacks (${task.callbacks.length})` }), ...task.callbacks.map(callbackItem),
  );
  for (const each of panel.querySelectorAll("details")) each.open = opened.has(each.dataset.key);
}

function facts(task) {
  return [["Vendor", task.vendor], ["Id", task.id], ["Account", task.account], ["Price", amount(task.price, task.unit)],
    ["Will", task.fate], ["Ends", `${clockTime(task.ends)} (account time)`]];
}

function fateButtons(task) {
  const fates = { succeed: "Succeed now", fail: "Fail", block: "Block", timeout: "Time out", cancel: "Cancel" };
  const buttons = Object.entries(fates).map(([fate, text]) => {
    const button = make("button", { type: "button", text });
    button.addEventListener("click", () => act("PUT", taskPath(task.vendor, task.id), { fate }));
    return button;
  });
  return make("div", { class: "buttons", role: "group", "aria-label": "Decide how the task ends" }, ...buttons);
}

function mediaOf(task) {
  const shown = task.files.map(({ url, type }, index) => {
    const name = `Result ${index + 1}, ${type}`;
    const kind = type.split("/")[0];
    if (kind === "video") return make("video", { src: url, controls: true, "aria-label": name });
    if (kind === "audio") return make("audio", { src: url, controls: true, "aria-label": name });
    if (kind === "image") return make("img", { src: url, alt: name });
    return make("a", { href: url, text: name });
  });
  return make("div", { class: "media" }, ...shown);
}

function timeLine(task) {
  const events = [
    ...task.states.map((each) => ({ at: each.at, text: `state ${each.state}` })),
    ...task.money.map((each) => ({ at: each.at, text: `${amount(each.amount, task.unit)}: ${each.source} to ${each.target}` })),
    ...task.requests.map((each) => ({ at: each.at, text: `${each.method} ${each.path}: HTTP ${each.status}` })),
    ...task.callbacks.map((each) => ({ at: each.at, text: `callback ${each.attempt}: ${each.outcome}` })),
    ...task.waiting_callbacks.map((each) => ({ at: each.due, text: `callback ${each.attempt} is due` })),
  ].sort((one, other) => one.at - other.at);
  return make("ol", { class: "line" }, ...events.map(({ at, text }) => make("li", { class: at > task.now ? "ahead" : "past" },
    make("time", { text: `+${(at - task.created).toFixed(1)} s` }), make("span", { text }))));
}

function requestItem(entry) {
  const fact = entry.fact ? ` · ${entry.fact}` : "";
  const fault = entry.fault ? ` · fault ${entry.fault}` : "";
  const headers = Object.entries(entry.headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  return make("details", { "data-key": `request ${entry.number}` },
    make("summary", { text: `${entry.number} ${entry.method} ${entry.path} ${entry.status}${fact}${fault}` }),
    make("pre", { text: `${headers}\n\n${pretty(entry.body)}` }), make("pre", { text: pretty(entry.answer) }));
}

function callbackItem(attempt) {
  const fault = attempt.fault ? ` · fault ${attempt.fault}` : "";
  const outcome = `${attempt.outcome}, ${attempt.detail}${fault}`;
  return make("details", { "data-key": `callback ${attempt.number}` },
    make("summary", { text: `attempt ${attempt.attempt} to ${attempt.url}: ${outcome}` }),
    make("pre", { text: pretty(attempt.body) }));
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// Refreshing: one at a time; a request for another one meanwhile is remembered, not queued

let running = false, again = false;

async function refresh() {
  if (running) { again = true; return; }
  running = true;
  try {
    do {
      again = false;
      const chosen = state.selected;
      const [overview, tasks, detail] = await Promise.all([
        read("/inspector"), read(`/inspector/tasks?${query()}`),
        chosen && read(taskPath(chosen.vendor, chosen.id)).catch((error) => error),
      ]);
      showOverview(overview);
      showTasks(tasks);
      if (detail instanceof Refused) close();
      else if (detail && chosen === state.selected) showDetail(detail);
      report("live");
    } while (again);
  } catch (error) {
    report(error instanceof Refused ? error.message : "the simulator does not answer; trying again", true);
  } finally {
    running = false;
  }
}

// Read with fetch: an EventSource cannot send the control token.
async function follow() {
  for (;;) {
    try {
      const reader = (await call("GET", "/inspector/events")).body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        if (value.includes("event: change") && !document.hidden) refresh();
      }
      report("the simulator has stopped; trying again", true);
    } catch {
      report("the simulator does not answer; trying again", true);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

// Controls

function values(form) {
  const { vendor, times, ...rest } = Object.fromEntries(new FormData(form));
  return { ...rest, ...(vendor && { vendor }), ...(times && { times: Number(times) }) };
}

byId("order").addEventListener("submit", (event) => {
  event.preventDefault();
  act("POST", "/scenarios", values(event.target));
});
// What a kind of fault needs beyond its name.
const FAULT_DEFAULTS = { status: { status: 503 }, callback_late: { seconds: 3600 } };

byId("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const fault = values(event.target);
  act("POST", "/scenarios/faults", { ...fault, ...FAULT_DEFAULTS[fault.kind] });
});
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => act("POST", "/clock/advance", { seconds: Number(button.dataset.advance) }));
}
function changeClock() {
  const kind = byId("clock-kind").value;
  const speed = kind === "scaled" ? Number(byId("clock-speed").value) || 1 : 1;
  act("PUT", "/clock", { kind, speed });
}
byId("clock-kind").addEventListener("change", changeClock);
byId("clock-speed").addEventListener("change", changeClock);
let typing;
byId("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { state.shown = PAGE; refresh(); }, TYPING_MS);
});
for (const id of ["vendor", "state"]) byId(id).addEventListener("change", () => { state.shown = PAGE; refresh(); });
byId("more").addEventListener("click", () => { state.shown = Math.min(state.shown + PAGE, 1000); refresh(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.selected) close(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

follow();
