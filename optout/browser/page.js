// What the program may ask of a page and do to it. Runs in a world of its own ("sandbox"): it sees the page's DOM,
// the page's scripts see none of this. It knows no service; selectors and words come from the catalogue.
(() => {
  "use strict";
  const CONTROLS =
    'input[type="checkbox"], input[type="radio"], input[role="switch"], [role="switch"], [role="checkbox"], [role="radio"], select';
  const BUTTONS = 'button, [role="button"], input[type="button"], input[type="submit"]';
  const DIALOGS = '[role="dialog"], [role="alertdialog"], dialog[open], [aria-modal="true"]';
  const ASIDE = 'nav, footer, [role="navigation"], [role="contentinfo"], ' + DIALOGS;
  const OUTSIDE = ASIDE + ', header, aside, [role="banner"], [role="complementary"], [role="search"]';
  const held = new Map();
  let serial = 0;

  const squeeze = (text, limit = 300) => (text || "").replace(/\s+/g, " ").trim().slice(0, limit);
  const hold = (element) => {
    for (const [key, known] of held) if (known === element) return key;
    held.set(String(++serial), element);
    return String(serial);
  };

  // The document, its open shadow roots and its same-origin frames, in tree order. Within one look they are sought
  // once: nothing changes meanwhile, and a page may have tens of thousands of elements.
  let isLooking = false, known = null;
  function roots() {
    if (known) return known;
    const found = [document];
    for (let i = 0; i < found.length; i++) {
      for (const element of found[i].querySelectorAll("*")) {
        if (element.shadowRoot) found.push(element.shadowRoot);
        else if (element.localName === "iframe" || element.localName === "frame") {
          try { if (element.contentDocument) found.push(element.contentDocument); } catch { /* another origin */ }
        }
      }
    }
    if (isLooking) known = found;
    return found;
  }
  const look = (read) => (spec) => {
    isLooking = true;
    try { return read(spec); } finally { isLooking = false; known = null; }
  };
  const select = (css, within = roots()) => within.flatMap((root) => [...root.querySelectorAll(css)]);
  const parent = (element) => {
    if (element.parentElement) return element.parentElement;
    const root = element.getRootNode();
    return root.host || (root.defaultView && root.defaultView.frameElement) || null;
  };
  function closest(element, test) {
    for (let at = element; at; at = parent(at)) if (test(at)) return at;
    return null;
  }
  const rendered = (element) =>
    element.checkVisibility ? element.checkVisibility({ visibilityProperty: true }) : element.getClientRects().length > 0;
  const shown = (element) => {
    if (!rendered(element)) return false;
    for (let at = element; at; at = parent(at)) if (at.localName === "iframe" && !rendered(at)) return false;
    return true;
  };

  function mainRegions(spec) {
    for (const css of spec.main) {
      const found = select(css, roots().filter((root) => (root.ownerDocument || root) === document)).filter(shown);
      if (found.length) return found.filter((one) => !closest(parent(one), (at) => found.includes(at)));
    }
    return [];
  }
  const inRegion = (element, region, mains) => {
    const skip = region === "page" ? OUTSIDE : ASIDE;
    const barrier = closest(element, (at) => mains.includes(at) || at.matches(skip));
    if (region === "page") return !closest(element, (at) => at.matches(OUTSIDE) && !mains.includes(at));
    return Boolean(barrier && mains.includes(barrier));
  };

  const byId = (element, id) => element.getRootNode().querySelector("#" + CSS.escape(id));
  function labelsOf(element) {
    const labels = [...(element.labels || [])];
    const sibling = element.nextElementSibling;
    if (sibling && sibling.localName === "label" && !labels.includes(sibling)) labels.push(sibling);
    return labels;
  }
  function namesOf(element) {
    const names = [];
    for (const id of (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean)) {
      const target = byId(element, id);
      if (target) names.push(target.textContent);
    }
    names.push(element.getAttribute("aria-label"), element.getAttribute("title"));
    for (const label of labelsOf(element)) names.push(label.textContent);
    if (element.localName === "button" || element.getAttribute("role")) names.push(element.textContent);
    return [...new Set(names.map((name) => squeeze(name)).filter(Boolean))];
  }
  // Texts around a control: up to four parents, as long as they hold no other control. The page's title is none of
  // them: it speaks for the page, not for one control on it.
  function nearbyOf(element, title) {
    let scope = element;
    for (let steps = 0; steps < 4; steps++) {
      const up = parent(scope);
      if (!up || up.matches("main, body, [role=main], #main") || up.querySelectorAll(CONTROLS).length > 1) break;
      scope = up;
    }
    return textsIn(scope, 14, title);
  }
  // The text right beside a control: that of its smallest surroundings that say anything but the control's own names.
  function besideOf(element, names, title) {
    let scope = element;
    for (let steps = 0; steps < 10; steps++) {
      scope = parent(scope);
      if (!scope || scope.matches("main, body, [role=main], #main") || scope.querySelectorAll(CONTROLS).length > 1) break;
      const texts = textsIn(scope, 4, title).filter((text) => !names.includes(text));
      if (texts.length) return texts;
    }
    return [];
  }
  // What it stands in together with other controls: the smallest such element.
  function amongOf(element) {
    const found = closest(parent(element), (at) => at.querySelectorAll(CONTROLS).length > 1);
    return found ? hold(found) : null;
  }
  // The names of the set that a control belongs to: its fieldset's legend, its radiogroup's label.
  function groupOf(element) {
    const set = closest(parent(element), (at) => at.matches('fieldset, [role="radiogroup"], [role="group"]'));
    if (!set) return [];
    const names = [set.getAttribute("aria-label")];
    for (const id of (set.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean)) {
      const target = byId(set, id);
      if (target) names.push(target.textContent);
    }
    const legend = [...set.children].find((child) => child.localName === "legend");
    if (legend) names.push(legend.textContent);
    return [...new Set(names.map((name) => squeeze(name)).filter(Boolean))];
  }
  // What a picture is called: for some values of a row the only text there is.
  const PICTURES = 'img, svg, [role="img"]';
  function nameOfPicture(picture) {
    const ids = (picture.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    const named = ids.map((id) => byId(picture, id)).find(Boolean);
    const title = picture.localName === "svg" && [...picture.children].find((child) => child.localName === "title");
    return squeeze((named && named.textContent) || picture.getAttribute("aria-label") || picture.getAttribute("alt") ||
      (title && title.textContent), 200);
  }
  // `pictures`: where the names of pictures are put, if they are wanted.
  function textsIn(scope, limit, except, pictures) {
    const texts = [];
    const walk = (node) => {
      if (texts.length >= limit) return;
      if (node.nodeType === 3) {
        const text = squeeze(node.data, 200);
        if (text && node.parentElement && rendered(node.parentElement)) texts.push(text);
      } else if (node.nodeType === 1 || node.nodeType === 11) {
        if (node.nodeType === 1 && /^(script|style|template|noscript|select)$/.test(node.localName)) return;
        if (except && node === except) return;
        if (pictures && node.nodeType === 1 && node.matches(PICTURES)) {
          const name = nameOfPicture(node);
          if (name && rendered(node) && pictures.length < limit) pictures.push(name);
          if (name) return;
        }
        if (node.shadowRoot) walk(node.shadowRoot);
        for (const child of node.childNodes) walk(child);
      }
    };
    walk(scope);
    return texts;
  }
  const stateOf = (element) => ({
    native: element.localName === "select" ? "select"
      : element.localName === "input" && /^(checkbox|radio)$/.test(element.type) ? element.type : null,
    checked: typeof element.checked === "boolean" ? element.checked : null,
    indeterminate: element.indeterminate === true,
    aria: element.getAttribute("aria-checked"),
    value: element.localName === "select" || element.type === "radio" ? element.value : element.getAttribute("value"),
    busy: Boolean(closest(element, (at) => at.getAttribute("aria-busy") === "true")),
    disabled: element.matches(":disabled") || element.getAttribute("aria-disabled") === "true",
  });
  function describe(element, title) {
    const ancestors = [], names = namesOf(element);
    for (let at = parent(element); at && ancestors.length < 6; at = parent(at)) ancestors.push(at.localName);
    return {
      key: hold(element), tag: element.localName, type: element.getAttribute("type"), role: element.getAttribute("role"),
      id: element.id || null, name: element.getAttribute("name"),
      labelledby: (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean),
      names, among: amongOf(element), nearby: nearbyOf(element, title), beside: besideOf(element, names, title), state: stateOf(element), ancestors, group: groupOf(element),
      options: element.localName === "select" ? [...element.options].slice(0, 50).map((one) => [one.value, squeeze(one.text)]) : [],
      data: [...element.attributes].filter((one) => one.name.startsWith("data-")).slice(0, 20)
        .map((one) => [one.name, one.value.slice(0, 120)]),
    };
  }

  function headingElements(mains) {
    const scopes = mains.length ? mains : [document.body].filter(Boolean);
    const css = 'h1, h2, h3, h4, h5, h6, [role="heading"], legend';
    const all = select(css).filter((one) => scopes.some((scope) => closest(one, (at) => at === scope)));
    return all.filter((one) => shown(one) && !closest(one, (at) => at.matches(ASIDE) && !mains.includes(at)))
      .filter((one) => squeeze(one.textContent)).slice(0, 30);
  }
  const levelOf = (heading) => Number(heading.localName[1]) || 2;
  const headingsIn = (mains) =>
    headingElements(mains).map((one) => ({ level: levelOf(one), text: squeeze(one.textContent) }));
  // What a dialog says apart from its buttons, a line for each block: one sentence does not run into another.
  function sayingOf(dialog) {
    let text = "";
    const walk = (node) => {
      if (node.nodeType === 3) {
        if (!node.parentElement || rendered(node.parentElement)) text += node.data.replace(/\s+/g, " ");
        return;
      }
      if (node.nodeType === 1 && (node.matches(BUTTONS) || /^(script|style|template|noscript)$/.test(node.localName))) {
        text += " ";
        return;
      }
      const breaks = node.nodeType === 1 && (node.localName === "br" || !/^(inline|contents)/.test(getComputedStyle(node).display));
      if (breaks) text += "\n";
      if (node.shadowRoot) walk(node.shadowRoot);
      for (const child of node.childNodes) walk(child);
      if (breaks) text += "\n";
    };
    walk(dialog);
    return text.split("\n").map((line) => squeeze(line, 1000)).filter(Boolean).join("\n");
  }
  const dialogsNow = () => select(DIALOGS).filter(shown).map((dialog) => ({
    key: hold(dialog), text: sayingOf(dialog).slice(0, 2000), chosen: Boolean(dialog.querySelector("input:checked, [aria-checked=true]")),
    buttons: select(BUTTONS).filter((button) => shown(button) && closest(button, (at) => at === dialog))
      .map((button) => ({ key: hold(button), name: nameOfButton(button) })),
  }));
  const dialogs = () => ({ dialogs: dialogsNow() });
  const nameOfButton = (button) =>
    squeeze(button.getAttribute("aria-label") || button.textContent || button.value, 100);

  function signsNow(signs) {
    return signs.filter((sign) => sign.css.some((css) => select(css).some((element) =>
      sign.needs === "present" ? !element.hidden
        : shown(element) && (sign.needs !== "text" || squeeze(element.textContent))))).map((sign) => sign.name);
  }

  function glance(spec) {
    const navigation = performance.getEntriesByType("navigation")[0];
    return {
      url: location.href, title: document.title, lang: document.documentElement.lang || "",
      ready: document.readyState, status: (navigation && navigation.responseStatus) || 0,
      hidden: document.visibilityState === "hidden",
      controlled: Boolean(navigator.serviceWorker && navigator.serviceWorker.controller),
      signs: signsNow(spec.signs || []), text: squeeze(document.body ? document.body.innerText.slice(0, 600) : "", 300),
    };
  }

  // Of each look at the controls, how many milliseconds of the page's own time have gone by since, in steps of
  // `spec.ages`. A browser that holds a hidden tab's timers back holds these back with the page's.
  const ages = [];

  function beginAge(steps) {
    const look = ages.push(0) - 1;
    for (const ms of steps) setTimeout(() => { ages[look] = Math.max(ages[look], ms); }, ms);
  }

  function controls(spec) {
    const agesNow = [...ages];
    beginAge(spec.ages || []);
    const mains = mainRegions(spec), where = roots(), elements = [], seen = [];
    const headings = headingElements(mains), title = headings.find((one) => levelOf(one) === 1) || headings[0];
    const place = (element) => {
      let at = elements.indexOf(element);
      if (at < 0) { at = elements.push(element) - 1; seen.push(describe(element, title)); }
      return at;
    };
    const usable = (element) => shown(element) || labelsOf(element).some(shown);
    const versions = spec.versions.map((version) => {
      try {
        const found = select(version.css, where)
          .filter((element) => inRegion(element, version.region, mains) && usable(element));
        return { matches: found.slice(0, 200).map(place), error: null };
      } catch (error) {
        return { matches: [], error: String(error.message || error).slice(0, 200) };
      }
    });
    const all = spec.all ? select(CONTROLS, where)
      .filter((element) => inRegion(element, mains.length ? "main" : "page", mains) && usable(element))
      .slice(0, 200).map(place) : [];
    return { ...glance(spec), main: mains.length > 0, headings: headingsIn(mains), controls: seen, versions, all,
      said: versions.some((one) => one.matches.length) ? [] : textsOf(mains), dialogs: dialogsNow(), ages: agesNow,
      alerts: select('[role="alert"]').filter(shown).flatMap((one) => textsIn(one, 5)), ...partsOf(mains) };
  }

  // What a region may hold more of: its buttons by name, sets of tabs, elements that let nobody see what is in them.
  const partsOf = (mains) => {
    const inside = (one) => shown(one) && inRegion(one, mains.length ? "main" : "page", mains);
    const isOpaque = (one) => one.localName.includes("-") && !one.shadowRoot && !one.childNodes.length;
    return { buttons: select(BUTTONS).filter(inside).slice(0, 100).map(nameOfButton),
      tabs: select('[role="tablist"]').some(inside), opaque: select("*").some((one) => isOpaque(one) && inside(one)) };
  };
  const textsOf = (mains) =>
    (mains.length ? mains : [document.body].filter(Boolean)).flatMap((one) => textsIn(one, 200));
  // Whether a part of the main region is folded, so that what belongs there may be missing. A menu is no part, and
  // what stands at the head of the region is about the page.
  const isFolded = (mains) => select('[aria-expanded="false"], details:not([open])').some((one) =>
    shown(one) && inRegion(one, "main", mains) && (one.getAttribute("aria-haspopup") || "false") === "false" &&
    !one.matches('[role="combobox"]') && !closest(one, (at) => at.matches('[role="banner"], [role="search"]') ||
      (at.localName === "header" && mains.includes(at.parentElement))));

  function rows(spec) {
    const mains = mainRegions(spec), found = [];
    const whole = () => ({ ...glance(spec), main: mains.length > 0, headings: headingsIn(mains), said: textsOf(mains),
      folded: isFolded(mains), ...partsOf(mains) });
    for (const css of spec.rows) {
      let links;
      try { links = select(css); } catch { continue; }
      links = links.filter((link) => link.href && inRegion(link, "main", mains) && shown(link));
      for (const link of links) {
        let scope = link;
        for (let steps = 0; steps < 3; steps++) {
          const up = parent(scope);
          if (!up || mains.includes(up) || links.some((other) => other !== link && up.contains(other))) break;
          if ([...up.querySelectorAll("h1, h2, h3, h4")].some((heading) => !link.contains(heading))) break;
          scope = up;
        }
        const pictures = [], texts = textsIn(scope, 10, null, pictures);
        found.push({ href: link.href, texts, pictures, label: squeeze(link.getAttribute("aria-label") || "") });
      }
      if (found.length) return { ...whole(), version: css, rows: found };
    }
    return { ...whole(), version: null, rows: [] };
  }

  // A cookie banner: the smallest box that speaks of cookies and has both a refusing and an accepting button.
  function banner(spec) {
    const said = (list, text) => list.includes(text.toLowerCase().replace(/[’]/g, "'").replace(/[.!:…\s]+$/, ""));
    const about = (words, text) => text.length < 5000 && words.some((word) => squeeze(text, 5000).toLowerCase().includes(word));
    const buttons = select(BUTTONS).filter(shown);
    const accepting = buttons.filter((button) => said(spec.accept, nameOfButton(button)));
    for (const button of buttons.filter((one) => said(spec.refuse, nameOfButton(one)))) {
      const box = closest(button, (at) => !at.matches("html, body, main, [role=main], #main") &&
        accepting.some((other) => closest(other, (up) => up === at)) && about(spec.about, at.textContent));
      if (box) return { key: hold(button), name: nameOfButton(button) };
    }
    return null;
  }

  const same = (spec) => location.origin === spec.origin && location.pathname === spec.path;
  function press(spec) {
    const button = held.get(spec.key);
    if (!button || !button.isConnected || !shown(button)) return { done: false, why: "the button is gone" };
    if (location.origin !== spec.origin) return { done: false, why: "the page is another one now" };
    if (nameOfButton(button) !== spec.name) return { done: false, why: "the button says something else now" };
    button.click();
    return { done: true, why: null };
  }

  // Ready to operate: still the same page, the same element, the same state as was proved a moment ago.
  function unchanged(spec) {
    const element = held.get(spec.key);
    if (!same(spec)) return { element: null, why: "the page is another one now" };
    if (!element || !element.isConnected) return { element: null, why: "the control was replaced" };
    const state = stateOf(element);
    for (const key of ["checked", "aria", "value", "indeterminate"])
      if (state[key] !== spec.state[key]) return { element: null, why: "the control's state changed meanwhile" };
    if (state.disabled) return { element: null, why: "the control is disabled" };
    return { element, why: null };
  }
  async function operate(spec) {
    const { element, why } = unchanged(spec);
    if (!element) return { done: false, why };
    if (spec.choose !== undefined && spec.choose !== null && element.localName === "select") {
      if (![...element.options].some((one) => one.value === spec.choose && !one.disabled))
        return { done: false, why: `it offers no choice '${spec.choose}'` };
      element.value = spec.choose;
      for (const type of ["input", "change"]) element.dispatchEvent(new Event(type, { bubbles: true }));
    } else element.click();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { done: true, why: null };
  }
  function frameOffset(element) {
    let dx = 0, dy = 0;
    for (let view = element.ownerDocument.defaultView; view && view.frameElement; view = view.parent) {
      const frame = view.frameElement.getBoundingClientRect();
      dx += frame.left; dy += frame.top;
    }
    return [dx, dy];
  }
  // A pointer's press comes later than it was asked for: it is swallowed where the control is another by then.
  const PRESS = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"];
  let disarm = () => {}, swallowed = null;
  function arm(spec, view) {
    disarm();
    swallowed = null;
    const guard = (event) => {
      if (!event.isTrusted) return;
      if (swallowed === null) swallowed = unchanged(spec).why || "";
      if (swallowed === "") return disarm();
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.type === "click") disarm();
    };
    for (const type of PRESS) view.addEventListener(type, guard, true);
    disarm = () => { for (const type of PRESS) view.removeEventListener(type, guard, true); };
  }
  const objection = () => swallowed || null;
  // Where a pointer may press to operate a control: a part of it, or of its label, that nothing covers.
  function reach(spec) {
    const { element, why } = unchanged(spec);
    if (!element) return { done: false, why };
    const parts = [element, ...labelsOf(element)].filter(rendered);
    for (const part of parts) {
      part.scrollIntoView({ block: "center", inline: "center" });
      const box = part.getBoundingClientRect();
      if (box.width < 4 || box.height < 4) continue;
      const x = box.left + box.width / 2, y = box.top + box.height / 2;
      const root = part.getRootNode();
      const hit = root.elementFromPoint ? root.elementFromPoint(x, y) : document.elementFromPoint(x, y);
      if (hit && parts.some((one) => one === hit || one.contains(hit))) {
        const [dx, dy] = frameOffset(part);
        arm(spec, element.ownerDocument.defaultView);
        return { done: true, why: null, x: Math.round(x + dx), y: Math.round(y + dy) };
      }
    }
    return { done: false, why: "something covers the control" };
  }
  // Where a picture of a control and its own label is taken, in the viewport. A label that stands apart is left out
  // where anything else stands between the two: the picture goes into a report that is shown around.
  function box(spec) {
    const element = held.get(spec.key);
    if (!element || !element.isConnected) return null;
    const seen = (one) => rendered(one) && one.getBoundingClientRect().width >= 4 && one.getBoundingClientRect().height >= 4;
    const parts = [element, ...labelsOf(element)].filter(seen);
    if (!parts.length) return null;
    const names = namesOf(element);
    const apart = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean)
      .map((id) => byId(element, id)).filter((one) => one && seen(one));
    const both = apart.length && closest(element, (at) => apart.every((one) => at.contains(one)));
    if (both && both.getBoundingClientRect().height < 200 && both.querySelectorAll(CONTROLS + ", img, a").length < 2 &&
      textsIn(both, 14).every((text) => names.some((name) => name.includes(text)))) parts.push(...apart);
    parts[0].scrollIntoView({ block: "center", inline: "nearest" });
    const [dx, dy] = frameOffset(element), edges = parts.map((one) => one.getBoundingClientRect());
    const left = Math.max(0, Math.min(...edges.map((one) => one.left)) + dx - 4);
    const top = Math.max(0, Math.min(...edges.map((one) => one.top)) + dy - 4);
    const width = Math.min(innerWidth, Math.max(...edges.map((one) => one.right)) + dx + 4) - left;
    const height = Math.min(innerHeight, Math.max(...edges.map((one) => one.bottom)) + dy + 4) - top;
    return width >= 4 && height >= 4 ? { x: left, y: top, width, height } : null;
  }
  const stateNow = (spec) => {
    const element = held.get(spec.key);
    return element && element.isConnected ? stateOf(element) : null;
  };

  // Shows a person which elements are meant.
  function mark(spec) {
    const parts = spec.keys.map((key) => held.get(key)).filter((one) => one && one.isConnected)
      .flatMap((one) => [one, ...labelsOf(one)]).filter(rendered);
    for (const part of parts) part.style.setProperty("outline", "4px solid #d4351c", "important");
    if (parts.length) parts[0].scrollIntoView({ block: "center" });
    return parts.length;
  }
  // Lets a person point at a control: their next click operates nothing, it is only noted.
  let picked = null, isPicking = false;
  const pickedKey = () => picked;
  function pick() {
    picked = null;
    if (isPicking) return;
    isPicking = true;
    const note = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.type !== "click") return;
      const path = event.composedPath(), all = select(CONTROLS);
      const meant = path.find((one) => all.includes(one)) ||
        all.find((one) => labelsOf(one).some((label) => path.includes(label))) ||
        path.filter((one) => one.querySelectorAll).map((one) => [...one.querySelectorAll(CONTROLS)])
          .filter((found) => found.length).slice(0, 1).map((found) => (found.length === 1 ? found[0] : null))[0];
      if (meant) picked = hold(meant);
    };
    for (const root of roots()) {
      if (root.nodeType !== 9) continue;
      for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"])
        root.defaultView.addEventListener(type, note, { capture: true, passive: false });
    }
  }
  // The keys of all elements that a selector finds, in shadow roots and frames too unless `flat`.
  const keys = (spec) => (spec.flat ? [...document.querySelectorAll(spec.css)] : select(spec.css)).slice(0, 200).map(hold);
  const has = (spec) => spec.css.every((css) => [...document.querySelectorAll(css)].some(shown));

  // The origin that a form is sent to. A base element moves it, and a field named "action" hides the form's property.
  function destination(form, button = null) {
    const ofButton = button && button.getAttribute("formaction");
    const action = ofButton || Element.prototype.getAttribute.call(form, "action");
    try { return new URL(action || location.href, Object.getOwnPropertyDescriptor(Node.prototype, "baseURI").get.call(form)).origin; }
    catch { return "nowhere"; }
  }

  // Types into a sign-in field only where the page, at this very moment, is the service's own.
  function fill(spec) {
    const secure = location.protocol === "https:" || /^(127\.0\.0\.1|localhost|\[::1\])$/.test(location.hostname);
    if (location.origin !== spec.origin || !secure || window.top !== window) return { done: false, why: "elsewhere" };
    const fields = [...document.querySelectorAll(spec.css)].filter(shown);
    if (fields.length !== 1) return { done: false, why: fields.length ? "several fields" : "no field" };
    const field = fields[0];
    if (field.form && destination(field.form) !== spec.origin) return { done: false, why: "posts elsewhere" };
    if (spec.hidden && field.type !== "password") return { done: false, why: "not a password field" };
    field.focus();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, spec.text);
    for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
    return { done: field.value.length === spec.text.length, why: "the field did not keep what was typed" };
  }
  function submit(spec) {
    const field = [...document.querySelectorAll(spec.field)].filter(shown)[0];
    const buttons = [...document.querySelectorAll(spec.css)].filter(
      (one) => shown(one) && (!field || !field.form || one.form === field.form || field.form.contains(one)));
    if (location.origin !== spec.origin) return { done: false, why: "elsewhere" };
    if (buttons.length !== 1) return { done: false, why: buttons.length ? "several buttons" : "no button" };
    if (buttons[0].form && destination(buttons[0].form, buttons[0]) !== spec.origin) return { done: false, why: "posts elsewhere" };
    setTimeout(() => buttons[0].click(), 0);
    return { done: true, why: null };
  }

  function save(spec) {
    if (location.origin !== spec.origin) return { done: false, why: "the page is another one now" };
    const buttons = select(spec.css).filter(shown);
    if (buttons.length !== 1) return { done: false, why: buttons.length ? "there are several" : "there is none" };
    if (buttons[0].matches(":disabled")) return { done: false, why: "it is disabled" };
    setTimeout(() => buttons[0].click(), 0);
    return { done: true, why: null };
  }

  async function release() {
    if (!navigator.serviceWorker) return 0;
    const all = await navigator.serviceWorker.getRegistrations();
    await Promise.all(all.map((one) => one.unregister()));
    return all.length;
  }

  globalThis.optoutPage = { glance: look(glance), controls: look(controls), rows: look(rows), dialogs: look(dialogs), banner: look(banner), press, operate, reach, objection, box, stateNow, keys, mark, pick, pickedKey, has, fill, submit, save,
    release };
})();
