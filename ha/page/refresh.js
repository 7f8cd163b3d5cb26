// Fetches this page again, and changes what has changed in it: focus, scroll
// position, selection and opened details stay.
(() => {
  "use strict";
  const pause = 2000, longest = 30000, patience = 5000; // milliseconds
  const main = document.querySelector("main");
  const gone = document.getElementById("gone");
  const said = gone.querySelector("p");
  let failures = 0, since = null, timer = 0, busy = false;

  const sync = (was, is) => {
    for (const a of [...was.attributes]) {
      if (!is.hasAttribute(a.name) && !(was.nodeName === "DETAILS" && a.name === "open")) was.removeAttribute(a.name);
    }
    for (const a of is.attributes) {
      if (was.getAttribute(a.name) !== a.value) was.setAttribute(a.name, a.value);
    }
    const old = [...was.childNodes];
    [...is.childNodes].forEach((node, i) => {
      const now = old[i];
      if (!now) was.append(document.importNode(node, true));
      else if (now.nodeName !== node.nodeName) now.replaceWith(document.importNode(node, true));
      else if (node.nodeType === Node.ELEMENT_NODE) sync(now, node);
      else if (now.nodeValue !== node.nodeValue) now.nodeValue = node.nodeValue;
    });
    old.slice(is.childNodes.length).forEach((node) => node.remove());
  };

  const fetched = async () => {
    const response = await fetch(location.href, {
      headers: { Accept: "text/html" }, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(patience),
    });
    if (!response.ok) throw new Error("status " + response.status);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!next.documentElement.dataset.version) throw new Error("another page");
    return next;
  };

  const span = (s) => s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min" : Math.floor(s / 3600) + " h";

  const lost = () => {
    const silent = Math.round((new Date() - since) / 1000);
    gone.hidden = false;
    main.classList.add("stale");
    said.textContent = "This replica has not answered since " + since.toISOString().slice(11, 19) + " UTC" +
      (silent < 2 ? "" : ", for " + span(silent)) + ". What you see is what it said before.";
    if (!document.title.startsWith("no answer")) document.title = "no answer · " + document.title;
  };

  const refresh = async () => {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    try {
      const next = await fetched();
      if (next.documentElement.dataset.version !== document.documentElement.dataset.version) {
        location.reload(); // another version of the program answers
        return;
      }
      document.title = next.title;
      sync(main, next.querySelector("main"));
      failures = 0;
      since = null;
      gone.hidden = true;
    } catch {
      failures++;
      since ??= new Date();
      if (failures > 1) lost(); // one failure may be chance
    } finally {
      busy = false;
      const wait = Math.min(pause * 2 ** Math.max(failures - 2, 0), longest);
      if (!document.hidden) timer = setTimeout(refresh, wait);
    }
  };

  gone.querySelector("button").addEventListener("click", refresh);
  document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : refresh());
  timer = setTimeout(refresh, pause);
})();
