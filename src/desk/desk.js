// Deadlines count down, and counts follow what happens. A page is whole without this: it keeps up to date what stands there already.
"use strict";

(() => {
  const loaded = performance.now();
  const now = Number(document.body.dataset.now);

  /** As the page itself says it. */
  function span(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
  }

  function tick() {
    const passed = (performance.now() - loaded) / 1000;
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
        link.href = location.pathname;
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
  if (document.querySelector("[data-count], [data-news]")) {
    const source = new EventSource("/live");
    source.addEventListener("counts", (event) => show(JSON.parse(event.data)));
    addEventListener("pagehide", () => source.close());
  }
})();
