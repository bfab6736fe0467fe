// Deadlines count down, counts follow what happens, and a preview follows what is written. A page is whole without this.
"use strict";

(() => {
  const [loaded, clock] = [performance.now(), Date.now()];
  const now = Number(document.body.dataset.now);
  const place = document.getElementById("connection");

  /** As the page itself says it. */
  function span(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
  }

  function tick() {
    // The one stands still while the machine sleeps, the other when somebody sets it back.
    const passed = Math.max(performance.now() - loaded, Date.now() - clock) / 1000;
    for (const time of document.querySelectorAll("[data-due]")) {
      const left = Number(time.dataset.due) - now - passed;
      const late = left < 0;
      const said = time.dataset.said;
      if (time.dataset.lease !== undefined) {
        time.textContent = said + (late ? "no longer" : span(left));
        continue;
      }
      time.textContent = said + (late ? `${span(-left)} late` : `in ${span(left)}`);
      if (late) {
        time.classList.add("late");
        time.closest("tr, section.queue")?.classList.add("overdue");
      }
    }
  }

  /** Counts as the server last said them, by queue. */
  function show(queues) {
    for (const place of document.querySelectorAll("[data-count]")) {
      const [queue, what] = place.dataset.count.split(" ");
      const count = queues[queue]?.[what];
      if (count === undefined) continue;
      if (place.textContent !== String(count)) place.textContent = count;
      if (what === "overdue") place.classList.toggle("late", count > 0);
    }
    for (const news of document.querySelectorAll("[data-news]")) {
      const counts = JSON.stringify(queues[news.dataset.news]);
      news.dataset.first ??= counts;
      // A line that appears is read out; what is being written on the page stays.
      if (news.dataset.first !== counts && news.childElementCount === 0) {
        const link = document.createElement("a");
        // What was found is no address of its own: the whole queue is shown.
        link.href = location.pathname.replace(/\/find$/, "");
        link.textContent = "Something has changed in this queue: show it";
        news.append(link);
        news.classList.add("notice");
      }
    }
  }

  if (document.querySelector("[data-due]")) {
    tick();
    setInterval(tick, 15000);
  }
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  /** Says since when nothing is heard, and that it may be old; nothing where something is heard. */
  function stands(words) {
    const since = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" });
    if (words === "") place.textContent = "";
    else if (place.textContent === "") place.textContent = `${words} since ${since}. What you see may be old.`;
  }

  /** Whoever may see nothing any more sees nothing: also what was there already leaves the screen. */
  function ended() {
    const [said, title, words] = ["div", "h1", "p"].map((name) => document.createElement(name));
    title.textContent = "Your access has ended";
    words.textContent = "Your certificate or your grant is no longer good. What stood here is gone; what you had done is kept. Your administrator knows why.";
    said.setAttribute("role", "alert");
    said.append(title, words);
    document.getElementById("main").replaceChildren(said);
    document.querySelector("nav")?.remove();
    document.title = title.textContent;
    place.textContent = "";
  }

  /** One event, as the server wrote it. */
  function hear(event) {
    const data = event.split("\n").find((line) => line.startsWith("data: "));
    if (data) show(JSON.parse(data.slice(6)));
  }

  /** Listens until the answer ends, or nothing came for 45 seconds: the server is heard every 20. */
  async function listen(stop) {
    const answer = await fetch("/live", { cache: "no-store", signal: stop.signal });
    if (answer.status === 401 || answer.status === 403) return true;
    if (!answer.ok) {
      stands(answer.status === 429 ? "Too many of your pages are open: this one stands still" : "No connection");
      return false;
    }
    stands("");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const silent = setTimeout(() => stop.abort(), 45000);
      const { done, value } = await reader.read();
      clearTimeout(silent);
      if (done) return false;
      const events = (text + value).split("\n\n");
      text = events.pop();
      events.forEach(hear);
    }
  }

  async function follow() {
    let stop;
    addEventListener("pagehide", () => stop.abort());
    for (;;) {
      stop = new AbortController();
      const began = performance.now();
      const over = await listen(stop).catch(() => undefined);
      if (over) return ended();
      if (over === undefined) stands("No connection");
      // What ends after a while may have ended with the grant: it is asked again at once.
      await wait(over === false && performance.now() - began > 1000 ? 0 : 3000);
    }
  }

  /** What would be decided of what is written so far: asked for once nobody has typed for a moment, one question at a time, and kept nowhere. */
  function preview(pane) {
    const form = document.querySelector("main form");
    const [status, shown] = [pane.querySelector("p"), pane.querySelector("div")];
    let timer, last;
    let busy = false;
    let notBefore = 0;
    const soon = (milliseconds) => {
      clearTimeout(timer);
      timer = setTimeout(ask, Math.max(milliseconds, notBefore - Date.now()));
    };
    const typed = () => soon(800);
    async function ask() {
      const body = new URLSearchParams(new FormData(form));
      if (busy || !pane.open || String(body) === last) return;
      busy = true;
      const answer = await fetch("/refer/preview", { method: "POST", body, cache: "no-store" }).catch(() => undefined);
      const text = answer?.ok ? await answer.text().catch(() => undefined) : undefined;
      busy = false;
      if (text !== undefined) {
        last = String(body);
        status.textContent = "";
        shown.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
        return soon(800);
      }
      shown.replaceChildren();
      // A page of an earlier start has none; what is too much at once, or away, is asked for again later.
      status.textContent = "No preview just now. What you write is kept on this page: go on.";
      if (answer?.status === 403) return form.removeEventListener("input", typed);
      notBefore = Date.now() + 10000;
      soon(10000);
    }
    pane.hidden = false;
    form.addEventListener("input", typed);
    pane.addEventListener("toggle", () => soon(0));
    soon(0);
  }

  const pane = document.getElementById("preview");
  if (pane) preview(pane);
  if (document.body.dataset.live !== undefined) follow();
})();
