// Keeps the page up to date without a reload: what is open stays open, what has the focus keeps it.
"use strict";
(() => {
  const status = document.getElementById("live");
  const pause = document.getElementById("pause");
  if (!status || !pause || !window.EventSource) return;
  const between = 2000;
  let paused = false, waiting = false, busy = false, last = 0;
  let head = Number(status.dataset.position);

  const name = (details) => {
    const section = details.closest("section");
    return (section ? section.id : "") + ":" + details.querySelector("summary").textContent;
  };

  const say = (text) => { status.textContent = text; };

  async function renew() {
    if (paused || busy) { waiting = true; return; }
    const soon = last + between - Date.now();
    if (soon > 0) { busy = true; setTimeout(() => { busy = false; renew(); }, soon); return; }
    busy = true;
    waiting = false;
    try {
      // No older than what was told to have come in.
      const page = new URL(location.href);
      page.searchParams.set("wait_for", head);
      const answer = await fetch(page, { cache: "no-cache" });
      if (!answer.ok) throw new Error(String(answer.status));
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      say("This page could not be brought up to date (" + error.message + "); it is tried again when more comes in.");
    }
    last = Date.now();
    busy = false;
    if (waiting) renew();
  }

  function show(fresh) {
    const open = new Set([...document.querySelectorAll("details[open]")].map(name));
    const focused = document.activeElement && document.activeElement.closest("details");
    const focus = focused ? name(focused) : null;
    for (const place of ["header dl.facts", "nav", "main"]) {
      const [old, now] = [document.querySelector(place), fresh.querySelector(place)];
      if (old && now && old.innerHTML !== now.innerHTML) old.replaceWith(document.adoptNode(now));
    }
    for (const details of document.querySelectorAll("details")) {
      if (open.has(name(details))) details.open = true;
      if (focus === name(details)) details.querySelector("summary").focus({ preventScroll: true });
    }
    say("Brought up to date at " + new Date().toLocaleTimeString() + ".");
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on updating" : "Pause updating";
    say(paused ? "Updating is paused." : "This page keeps itself up to date.");
    if (!paused && waiting) renew();
  });

  // From what this page rests on, so that nothing is missed that came while it was on its way.
  const stream = new EventSource("/v1/stream?only=head&from=" + (head + 1));
  stream.addEventListener("open", () => { if (!paused && !last) say("This page keeps itself up to date."); });
  stream.addEventListener("head", (event) => { head = Number(event.data); renew(); });
  stream.addEventListener("error", () => { if (!paused) say("The service cannot be reached just now; trying again."); });
})();
