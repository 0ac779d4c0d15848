// The practice site's only script: fetches a page's data, renders it, and saves what is switched.
(() => {
  "use strict";
  const shell = JSON.parse(document.getElementById("shell").textContent);
  const words = shell.words;
  const root = document.getElementById("root");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const toast = (text, over, lasting) => {
    const box = document.createElement("div");
    box.className = over ? "pp-toast pp-toast-over" : "pp-toast";
    box.setAttribute("role", "status");
    box.textContent = text;
    if (over) {
      const spot = over.getBoundingClientRect();
      box.style.top = `${spot.top + scrollY - 20}px`;
      box.addEventListener("click", () => send("decoy/1", false));
    }
    document.body.append(box);
    setTimeout(() => box.remove(), lasting || 2500);
  };

  const send = async (id, on, value) => {
    try {
      await fetch("/api/save", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id, on, value, path: location.pathname }),
      });
    } catch (error) {
      console.info(`the save was not answered: ${error}`);
    }
    toast(words.saved);
  };

  // What the dialogs of the page ask: heading, text, and buttons with the decoy they operate or the answer they are.
  const asking = {
    dialog: () => [words["turn-off?"], words.describe, [[words["turn-off"], null, true], [words.cancel, null, false]]],
    keeping: () => ["Keep seeing relevant ads?", "Turning this off makes them less relevant.",
      [["Yes, keep", "dialog/continue", false], ["No, turn off", null, true]]],
    unknown: () => ["Before you go", "Would you like to see what else is new?",
      [["Continue", "dialog/continue", null], ["Maybe later", "dialog/later", null]]],
    offer: () => ["This setting is turned off", "Would you like to try Premium free for a month?",
      [["Yes", "dialog/continue", null], ["No thanks", "dialog/later", null]]],
  };
  const dialog = (kind, choose) => {
    const box = document.createElement("div");
    box.className = "pp-veil";
    const [heading, text, buttons] = asking[kind]();
    box.innerHTML = `<div role="dialog" aria-modal="true" aria-labelledby="dialog-title" class="pp-dialog">
      <h2 id="dialog-title"></h2><p></p><div class="pp-actions"></div></div>`;
    box.querySelector("h2").textContent = heading;
    box.querySelector("p").textContent = text;
    buttons.forEach(([name, decoy, answer], at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = at ? "pp-secondary" : "pp-primary";
      button.textContent = name;
      button.addEventListener("click", () => {
        box.remove();
        if (decoy) send(decoy, false);
        else choose(answer);
      });
      box.querySelector(".pp-actions").append(button);
    });
    document.body.append(box);
  };

  const isOn = (element) =>
    element.matches("input") ? element.checked : element.getAttribute("aria-checked") === "true";
  const show = (element, on) => {
    if (element.matches("input")) element.checked = on;
    else element.setAttribute("aria-checked", String(on));
    const visible = element.nextElementSibling;
    if (visible && visible.matches("label:not([for])")) {
      visible.textContent = on ? words.on : words.off;
      visible.dataset.state = on ? "1" : "0";
    }
  };

  const operated = (element, wire) => {
    const checked = isOn(element);
    const on = checked !== Boolean(wire.inverted);
    show(element, checked);
    const commit = () => {
      if (wire.popup) open("/practice/popup", "_blank");
      if (wire.never) toast(words.saved);
      else if (wire.debounce) setTimeout(() => send(wire.id, on), wire.debounce);
      else send(wire.id, on).then(() => wire.offer && !on && dialog("offer", () => {}));
    };
    if (on || !wire.confirm) return commit();
    if (wire.confirm === "native") return confirm(words["turn-off?"]) ? commit() : show(element, !checked);
    return dialog(wire.confirm, (yes) => (yes ? commit() : show(element, !checked)));
  };

  const serve = (scope, wires) => {
    for (const element of scope.querySelectorAll("[data-w]")) {
      const wire = wires[Number(element.dataset.w)];
      element.removeAttribute("data-w");
      if (element.matches("button")) {
        element.addEventListener("click", () => {
          show(element, !isOn(element));
          operated(element, wire);
        });
      } else {
        element.addEventListener("change", () => operated(element, wire));
        const visible = element.nextElementSibling;
        if (visible && !visible.htmlFor) visible.addEventListener("click", () => element.click());
      }
      show(element, isOn(element));
      if (wire.wrongFirst) {
        const right = isOn(element);
        show(element, !right);
        setTimeout(() => show(element, right), wire.wrongFirst);
      }
      if (wire.toastOver) setTimeout(() => toast(words.saved, element.parentElement, wire.toastOver), 0);
    }
  };

  const serveShadows = (scope, data) => {
    for (const host of scope.querySelectorAll("[data-shadow]")) {
      const open = host.attachShadow({ mode: "open" });
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = document.querySelector("link[rel=stylesheet]").href;
      open.append(style, host.querySelector("template").content);
      host.querySelector("template").remove();
      serve(open, data.wires);
    }
  };

  const more = async (scope) => {
    const place = scope.querySelector("[data-more]");
    if (!place) return;
    if (place.dataset.after) await new Promise((later) => setTimeout(later, Number(place.dataset.after)));
    const data = await (await fetch(place.dataset.more)).json();
    const holder = document.createElement("template");
    holder.innerHTML = data.html;
    place.replaceWith(holder.content);
    await more(scope);
  };

  const render = (data) => {
    root.innerHTML = data.html;
    if (data.title) document.title = data.title;
    serve(root, data.wires);
    serveShadows(root, data);
    more(root);
    if (data.extra.popup) open("/practice/popup", "_blank");
    if (data.extra.beforeunload) {
      addEventListener("beforeunload", (event) => {
        event.preventDefault();
        event.returnValue = "";
      });
    }
  };

  const banner = () =>
    new Promise((answered) => {
      if (!shell.banner || document.cookie.includes(`${shell.consent}=`)) return answered();
      const box = document.createElement("div");
      box.className = "pp-cookie-banner";
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-label", "Cookies");
      box.innerHTML = `<p></p><div class="pp-actions"><button type="button" class="pp-primary"></button>
        <button type="button" class="pp-secondary"></button></div>`;
      box.querySelector("p").textContent = words["cookie-text"];
      [["accept", true], ["reject", false]].forEach(([name, on], at) => {
        const button = box.querySelectorAll("button")[at];
        button.textContent = words[name];
        button.addEventListener("click", async () => {
          document.cookie = `${shell.consent}=${name};path=/;max-age=31536000`;
          box.remove();
          await send("cookie-banner", on, name);
          answered();
        });
      });
      document.body.append(box);
      if (shell.banner !== "modal") answered();
    });

  const load = async () => {
    const answer = await fetch(shell.data);
    if (answer.status === 401) {
      location.assign(`/login?session_redirect=${encodeURIComponent(location.pathname)}`);
      return;
    }
    if (!answer.ok) {
      root.innerHTML = '<main class="pp-main"><h1>Something went wrong</h1><p>Please try again later.</p></main>';
      return;
    }
    const data = await answer.json();
    if (data.extra.lateMs) await pause(data.extra.lateMs);
    if (data.extra.raf) requestAnimationFrame(() => render(data));
    else render(data);
  };

  const beServedByWorker = async (workers) => {
    await workers.register("/practice-worker.js");
    const registration = await workers.ready;
    if (workers.controller) return;
    // A page that began to load before the worker was ready is not served by it until it is claimed.
    const served = new Promise((done) => workers.addEventListener("controllerchange", done, { once: true }));
    registration.active.postMessage("claim");
    await Promise.race([served, pause(500)]);
  };

  const start = async () => {
    const top = document.getElementById("top");
    if (top) serve(top, shell.wires);
    if (shell.worker && navigator.serviceWorker) await beServedByWorker(navigator.serviceWorker);
    await banner();
    if (shell.inline) {
      serve(root, shell.inline.wires);
      if (shell.inline.extra.popup) open("/practice/popup", "_blank");
    } else if (shell.data) await load();
  };
  start();
})();
