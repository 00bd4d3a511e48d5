// Keeps the page up to date and sends its form without leaving it. Everything works without this too: the server writes
// all of the HTML, and this only takes parts of newer pages over.
"use strict";

const POLL = 2000;
const SLOWEST = 30000;
const PATIENCE = 10000;
// A page that stays open for days does not grow for ever.
const MOST = 500;

const state = document.getElementById("state");
const form = document.getElementById("add");
const field = form.elements.document;
const button = form.querySelector("button");
const error = document.getElementById("error");
const news = document.getElementById("news");
const section = () => document.getElementById("documents");
const items = (root) => [...root.querySelectorAll("#list > li")];
// Older documents than the newest are only read: they do not change while somebody looks at them.
const skipped = Number(new URLSearchParams(location.search).get("skip") ?? 0);
const isNewest = skipped === 0;

let delay = POLL;
let timer;

const fetchText = async (path, options) => {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store", ...options });
  return { response, text: await response.text() };
};

const parse = (text) => new DOMParser().parseFromString(text, "text/html");

const show = (name, said) => {
  // Only a change is announced.
  if (state.textContent !== said) state.textContent = said;
  state.className = name;
};

const problem = (text, status) => {
  try {
    return JSON.parse(text).detail;
  } catch {
    return `the service answered with status ${status}`;
  }
};

// Takes the list of a newer page over; what is on the page stays the same element, unfolded or focused as it was.
const merge = (page) => {
  const fresh = page.getElementById("documents");
  const here = section();
  const count = fresh?.querySelector("#count");
  if (!count) return 0;
  const known = new Set(items(here).map((item) => item.dataset.id));
  const added = items(fresh).filter((item) => !known.has(item.dataset.id));
  const isSuccessor = known.size > 0 && added.length < items(fresh).length;
  if (isSuccessor) {
    added.forEach((item) => item.classList.add("new"));
    here.querySelector("#list").prepend(...added);
    items(here).slice(MOST).forEach((item) => item.remove());
    here.querySelector("#count").textContent = count.textContent;
  } else if (added.length > 0 || known.size > 0 || !here.querySelector("#count")) {
    // So much came at once, or the page had none to show, that the fresh list is the list.
    here.replaceWith(fresh);
  }
  return added.length;
};

const poll = async () => {
  try {
    const { response, text } = await fetchText("/recent");
    if (!response.ok) throw new Error(problem(text, response.status));
    const added = merge(parse(text));
    show("up", "MongoDB answers");
    if (added > 0) news.textContent = added === 1 ? "1 new document" : `${added} new documents`;
    delay = POLL;
  } catch (fault) {
    show("down", fault instanceof TypeError || fault.name === "TimeoutError" ? "the service does not answer" : fault.message);
    delay = Math.min(delay * 2, SLOWEST);
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
    const said = page.getElementById("state");
    if (said) show(said.className, said.textContent);
  } catch {
    reject([message("The service did not answer. Look whether the document is in the list before you add it again.")]);
    show("down", "the service does not answer");
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
      // The link that had the focus is gone or further down.
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }
  } catch (fault) {
    show("down", fault instanceof TypeError ? "the service does not answer" : fault.message);
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
