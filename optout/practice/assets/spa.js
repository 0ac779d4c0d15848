// A small single-page app: every part is a custom element with an open shadow root.
const STYLE = `
  :host { display: block; } nav { display: flex; gap: 18px; margin-bottom: 20px; } a { color: #5b3fa8; text-decoration: none; }
  ul { list-style: none; padding: 0; } li { background: #fff; border: 1px solid #ded8ef; border-radius: 10px; margin: 8px 0; }
  li a { display: flex; justify-content: space-between; padding: 12px 16px; } .line { align-items: center; background: #fff;
  border: 1px solid #ded8ef; border-radius: 10px; display: flex; gap: 14px; justify-content: space-between; padding: 14px 16px; }
  button[role=switch] { background: radial-gradient(circle at 12px 50%, #fff 8px, transparent 9px) #a8a2b8; border: 0;
  border-radius: 12px; height: 24px; width: 44px; }
  button[role=switch][aria-checked=true] { background: radial-gradient(circle at 32px 50%, #fff 8px, transparent 9px) #5b3fa8; }
  nav { align-items: center; } nav toggle-line { margin-left: auto; }
  .veil { align-items: center; background: #0007; display: flex; inset: 0; justify-content: center; position: fixed; }
  .sheet { background: #fff; border-radius: 14px; padding: 18px 24px; } .sheet button { font: inherit; padding: 6px 16px; }`;

class Part extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }
  draw(html) {
    this.shadowRoot.innerHTML = `<style>${STYLE}</style>${html}`;
  }
  find(css) {
    return this.shadowRoot.querySelector(css);
  }
}

class ToggleLine extends Part {
  show({ id, label, on, asks }) {
    this.draw(`<div class="line"><span id="label"></span>
      <button type="button" role="switch" aria-labelledby="label" aria-checked="${on}"></button></div>`);
    this.find("#label").textContent = label;
    const button = this.find("button");
    button.dataset.setting = id;
    const change = async () => {
      const next = button.getAttribute("aria-checked") !== "true";
      button.setAttribute("aria-checked", String(next));
      await fetch(`/api/you/${id}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ on: next }),
      });
    };
    button.addEventListener("click", () => {
      if (!asks || button.getAttribute("aria-checked") !== "true") return change();
      const sheet = document.createElement("confirm-sheet");
      this.shadowRoot.append(sheet);
      return sheet.ask(label, change);
    });
  }
}

class ConfirmSheet extends Part {
  ask(label, agreed) {
    this.draw(`<div class="veil"><div class="sheet" role="dialog" aria-modal="true" aria-labelledby="question">
      <h2 id="question">Turn off this setting?</h2><p></p>
      <button type="button" id="yes">Turn off</button> <button type="button" id="no">Keep on</button></div></div>`);
    this.find("p").textContent = label;
    this.find("#yes").addEventListener("click", () => {
      this.remove();
      agreed();
    });
    this.find("#no").addEventListener("click", () => this.remove());
  }
}

class SettingView extends Part {
  show(setting) {
    this.draw('<h1></h1><p>This decides what others do with your data.</p><toggle-line></toggle-line>');
    this.find("h1").textContent = setting.title;
    this.find("toggle-line").show({ ...setting, asks: setting.id === "partner-ads" });
  }
}

class AppRoot extends Part {
  async connectedCallback() {
    addEventListener("popstate", () => this.route());
    const answer = await fetch("/api/you");
    if (answer.status === 401) return location.assign(`/enter?next=${location.pathname}`);
    this.data = await answer.json();
    return this.route();
  }
  route() {
    const setting = this.data.settings.find((each) => each.path === location.pathname);
    this.draw(`<nav><a href="/you/start">Start</a><a href="/you/privacy">Privacy</a><toggle-line class="view"></toggle-line></nav>
      <main></main>`);
    this.find("toggle-line").show({ id: "compact-view", label: "Compact view", on: this.data.compact });
    for (const link of this.shadowRoot.querySelectorAll("nav a")) this.hook(link);
    const main = this.find("main");
    if (setting) {
      main.innerHTML = "<setting-view></setting-view>";
      main.firstChild.show(setting);
    } else if (location.pathname === "/you/privacy") this.list(main);
    else main.innerHTML = '<h1 id="hello">Hello again</h1>';
  }
  list(main) {
    main.innerHTML = "<h1>Privacy</h1><ul></ul>";
    for (const each of this.data.settings) {
      const row = document.createElement("li");
      row.innerHTML = '<a><span class="title"></span><span class="value"></span></a>';
      const link = row.querySelector("a");
      link.href = each.path;
      link.querySelector(".title").textContent = each.title;
      link.querySelector(".value").textContent = each.on ? "On" : "Off";
      this.hook(link);
      main.querySelector("ul").append(row);
    }
  }
  hook(link) {
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      history.pushState(null, "", link.getAttribute("href"));
      this.data = await (await fetch("/api/you")).json();
      this.route();
    });
  }
}

customElements.define("toggle-line", ToggleLine);
customElements.define("confirm-sheet", ConfirmSheet);
customElements.define("setting-view", SettingView);
customElements.define("app-root", AppRoot);
