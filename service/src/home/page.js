// Keeps the page up to date, and submits its form without leaving it. Everything works without this script, too: the
// server renders all HTML, and this only copies parts of newer pages.
"use strict";

const POLL = 2000;
const MAXIMUM_POLL = 30000;
const TIMEOUT = 10000;
// Keeps a page that stays open for days from growing forever.
const MAXIMUM_ITEMS = 500;

const state = document.getElementById("state");
const form = document.getElementById("add");
const field = form.elements.document;
const button = form.querySelector("button");
const error = document.getElementById("error");
const news = document.getElementById("news");
const section = () => document.getElementById("documents");
const items = (root) => [...root.querySelectorAll("#list > li")];
// Pages of older documents do not change while someone reads them.
const skipped = Number(new URLSearchParams(location.search).get("skip") ?? 0);
const isNewest = skipped === 0;

let delay = POLL;
let timer;

const fetchText = async (path, options) => {
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT), cache: "no-store", ...options });
  return { response, text: await response.text() };
};

const parse = (text) => new DOMParser().parseFromString(text, "text/html");

const show = (name, message) => {
  // Screen readers announce changes only.
  if (state.textContent !== message) state.textContent = message;
  state.className = name;
};

const problem = (text, status) => {
  try {
    return JSON.parse(text).detail;
  } catch {
    return `the service responded with status ${status}`;
  }
};

// Merges the list of a newer page. Existing items keep their elements, and thus their folding and focus.
const merge = (page) => {
  const fresh = page.getElementById("documents");
  const here = section();
  const count = fresh?.querySelector("#count");
  if (!count) return 0;
  const known = new Set(items(here).map((item) => item.dataset.id));
  const added = items(fresh).filter((item) => !known.has(item.dataset.id));
  const overlaps = known.size > 0 && added.length < items(fresh).length;
  if (overlaps) {
    added.forEach((item) => item.classList.add("new"));
    here.querySelector("#list").prepend(...added);
    items(here).slice(MAXIMUM_ITEMS).forEach((item) => item.remove());
    here.querySelector("#count").textContent = count.textContent;
  } else if (added.length > 0 || known.size > 0 || !here.querySelector("#count")) {
    // Nothing overlaps, or the page had no list: replace it.
    here.replaceWith(fresh);
  }
  return added.length;
};

const poll = async () => {
  try {
    const { response, text } = await fetchText("/recent");
    if (!response.ok) throw new Error(problem(text, response.status));
    const added = merge(parse(text));
    show("up", "MongoDB is available");
    if (added > 0) news.textContent = added === 1 ? "1 new document" : `${added} new documents`;
    delay = POLL;
  } catch (fault) {
    show("down", fault instanceof TypeError || fault.name === "TimeoutError" ? "the service is not responding" : fault.message);
    delay = Math.min(delay * 2, MAXIMUM_POLL);
  }
  schedule();
};

const schedule = () => {
  clearTimeout(timer);
  if (isNewest && !document.hidden) timer = setTimeout(poll, delay);
};

const reject = (html) => {
  error.replaceChildren(...html);
  field.setAttribute("aria-invalid", "true");
  field.focus();
  const at = error.querySelector("[data-at]");
  if (at) field.setSelectionRange(Number(at.dataset.at), Number(at.dataset.at) + 1);
};

const message = (text) => {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
};

const send = async (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  clearTimeout(timer);
  try {
    const { response, text } = await fetchText(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "text/html" },
    });
    const page = parse(text);
    const fault = page.getElementById("error");
    if (response.ok) {
      error.replaceChildren();
      field.setAttribute("aria-invalid", "false");
      field.value = "";
      field.focus();
      if (isNewest) merge(page);
      else location.assign("/");
      news.textContent = "Added";
    } else {
      reject(fault ? fault.childNodes : [message(`Not added: ${problem(text, response.status)}.`)]);
    }
    const update = page.getElementById("state");
    if (update) show(update.className, update.textContent);
  } catch {
    reject([message("The service did not respond. Check the list before you add the document again.")]);
    show("down", "the service is not responding");
  }
  button.removeAttribute("aria-disabled");
  schedule();
};

const older = async (event) => {
  const link = event.target.closest("#more a[rel=next]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const { response, text } = await fetchText(`/recent?skip=${skipped + items(section()).length}`);
    if (!response.ok) throw new Error(problem(text, response.status));
    const page = parse(text);
    const known = new Set(items(section()).map((item) => item.dataset.id));
    const added = items(page).filter((item) => !known.has(item.dataset.id));
    section().querySelector("#list").append(...added);
    const more = page.getElementById("more");
    if (more) link.closest("#more").replaceWith(more);
    else link.closest("#more").remove();
    news.textContent = `${added.length} older documents`;
    const first = added[0];
    if (first) {
      // The link that had the focus is gone, or has moved down.
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }
  } catch (fault) {
    show("down", fault instanceof TypeError ? "the service is not responding" : fault.message);
  }
};

form.addEventListener("submit", send);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.addEventListener("click", older);
document.addEventListener("visibilitychange", () => {
  delay = POLL;
  if (document.hidden) clearTimeout(timer);
  else if (isNewest) poll();
});
schedule();
