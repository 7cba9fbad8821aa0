// The studio's editor: the same form as without scripts, with an editor in place of the plain text field. It asks the server what is
// wrong while somebody writes, shows it in the text, draws the graph anew, and saves with Ctrl+S without leaving the page.
"use strict";
(() => {
  const CM = window.CodeMirror;
  const form = document.getElementById("editor");
  const field = document.getElementById("text");
  if (!CM || !form || !field) return;
  const known = JSON.parse(document.getElementById("known").textContent);
  const readOnly = form.dataset.readOnly === "1";
  const byId = (id) => document.getElementById(id);
  const AFTER = 120; // ms without a key, before the server is asked
  const REST = 500; // ms more, before it lays the playbook beside all others: that may take longer
  const { EditorView, Decoration, ViewPlugin, MatchDecorator, tags } = CM;

  // Words: the lines above like YAML, below them headings, quotes, bold, and whatever is filled in.
  const words = {
    name: "words", startState: () => ({ front: false, first: true }),
    token(stream, state) {
      if (stream.sol()) {
        const begins = state.first;
        state.first = false;
        if (stream.match(/^---\s*$/)) { state.front = begins; return "meta"; }
        if (!state.front && stream.match(/^#{1,6} .*/)) return "heading";
        if (!state.front && stream.match(/^> ?/)) return "quote";
        if (state.front && stream.match(/^\s*[\w-]+(?=:)/)) return "propertyName";
      }
      if (stream.match(/^\{\{.*?\}\}/) || stream.match(/^\{%.*?%\}/)) return "special";
      if (!state.front && stream.match(/^\*\*[^*]+\*\*/)) return "strong";
      if (!state.front && stream.match(/^\[[^\]]*\]\([^)]*\)/)) return "link";
      if (state.front && stream.match(/^"[^"]*"/)) return "string";
      stream.next();
      return null;
    },
    tokenTable: { special: tags.special(tags.variableName) },
  };
  const colours = CM.HighlightStyle.define([
    { tag: tags.comment, class: "cm-t-comment" }, { tag: [tags.atom, tags.keyword, tags.propertyName, tags.definition(tags.propertyName)], class: "cm-t-key" },
    { tag: [tags.string, tags.special(tags.string)], class: "cm-t-string" }, { tag: [tags.number, tags.bool], class: "cm-t-number" },
    { tag: tags.meta, class: "cm-t-meta" }, { tag: tags.heading, class: "cm-t-heading" }, { tag: tags.strong, class: "cm-t-strong" },
    { tag: tags.quote, class: "cm-t-meta" }, { tag: tags.link, class: "cm-t-string" }, { tag: tags.special(tags.variableName), class: "cm-t-value" },
  ]);
  const filled = new MatchDecorator({ regexp: /\{\{.*?\}\}|\{%.*?%\}/g, decoration: Decoration.mark({ class: "cm-t-value" }) });
  const inWords = ViewPlugin.fromClass(class {
    constructor(view) { this.decorations = filled.createDeco(view); }
    update(change) { this.decorations = filled.updateDeco(change, this.decorations); }
  }, { decorations: (plugin) => plugin.decorations });

  // What is typed stands in the form's own field, too: sending the form sends it, whoever sends it.
  let timer = 0;
  let later = 0;
  let saved = form.dataset.saved === "1" ? field.value : null;
  const state = (text) => { const shown = byId("state"); if (shown) shown.textContent = text; };
  const changed = CM.EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    field.value = update.state.doc.toString();
    state(field.value === saved ? "saved" : "not saved");
    clearTimeout(timer);
    clearTimeout(later);
    timer = setTimeout(check, AFTER);
  });

  const view = new EditorView({
    doc: field.value,
    extensions: [
      CM.lineNumbers(), CM.highlightActiveLine(), CM.highlightActiveLineGutter(), CM.highlightSpecialChars(), CM.history(), CM.bracketMatching(),
      CM.highlightSelectionMatches(), CM.lintGutter(), CM.indentUnit.of("  "), CM.syntaxHighlighting(colours),
      CM.StreamLanguage.define(known.front ? words : CM.yaml), known.front ? [] : inWords,
      CM.autocompletion({ override: [window.studioCompleting(known)], icons: false }),
      CM.keymap.of([
        { key: "Mod-s", run: () => { save(); return true; } },
        ...CM.completionKeymap, ...CM.searchKeymap, ...CM.lintKeymap, ...CM.historyKeymap, ...CM.defaultKeymap, // no Tab: it leaves the text
      ]),
      EditorView.contentAttributes.of({ tabindex: "0", "aria-labelledby": "text-of", "aria-describedby": "how", spellcheck: known.front ? "true" : "false" }),
      EditorView.editable.of(!readOnly), CM.EditorState.readOnly.of(readOnly), known.front ? EditorView.lineWrapping : [], changed,
    ],
  });
  field.hidden = true;
  field.before(view.dom);
  form.classList.add("scripted");
  document.querySelector("label[for=text]").addEventListener("click", (event) => { event.preventDefault(); view.focus(); });

  const post = (path, more = {}) => fetch(path, {
    method: "POST", headers: { accept: "application/json", ...(more.headers || {}) }, credentials: "same-origin",
    body: new URLSearchParams([...new FormData(form), ...Object.entries(more.fields || {})]),
  });

  // Findings, in the text and below it. The newest answer counts, whatever order they come in. What was found beside other playbooks
  // stays where it is until the server has looked again.
  let asked = 0;
  let shown = 0;
  let atOnce = [];
  let beside = [];
  const key = (f) => `${f.code} ${f.file} ${f.message}`;
  const ask = async (fields) => {
    const mine = ++asked;
    try {
      const answer = await post(form.dataset.check, { fields });
      if (!answer.ok) throw new Error(String(answer.status));
      const looked = await answer.json();
      if (mine <= shown) return null;
      shown = mine;
      return looked;
    } catch {
      byId("said").textContent = "The server cannot be reached: nobody looks for mistakes just now.";
      return null;
    }
  };
  const check = async () => { showSoon(await ask({ soon: "1" })); };
  const showSoon = (looked) => {
    if (!looked) return;
    atOnce = looked.findings;
    const there = new Set(atOnce.map(key));
    if (!looked.loads) beside = [];
    show({ ...looked, findings: [...atOnce, ...beside.filter((f) => !there.has(key(f)))] });
    clearTimeout(later);
    later = setTimeout(checkBeside, REST);
  };
  let looking = false;
  const checkBeside = async () => {
    if (looking) { later = setTimeout(checkBeside, REST); return; }
    looking = true;
    const looked = await ask({});
    looking = false;
    if (!looked) return;
    const there = new Set(atOnce.map(key));
    beside = looked.findings.filter((f) => !there.has(key(f)));
    show(looked);
  };
  const place = (doc, finding) => {
    const line = doc.line(Math.min(Math.max(finding.line, 1), doc.lines));
    const from = Math.min(line.from + Math.max(finding.column - 1, 0), line.to);
    const rest = line.text.slice(from - line.from).match(/^("[^"]*"|[^\s,}\]]+)/);
    return { from: rest ? from : line.from, to: Math.max(from + (rest ? rest[0].length : 0), Math.min(line.from + 1, line.to)) };
  };
  const show = (looked) => {
    const doc = view.state.doc;
    const diagnostics = looked.findings.filter((f) => f.here).map((f) => ({
      ...place(doc, f), severity: f.severity === "note" ? "info" : f.severity,
      message: [f.message, f.fix, f.path].filter(Boolean).join("\n"), source: f.code,
    }));
    view.dispatch(CM.setDiagnostics(view.state, diagnostics));
    byId("said").textContent = counted(looked.findings) || "No mistakes.";
    byId("findings").replaceChildren(...looked.findings.map(item));
    const graph = byId("graph");
    if (graph && looked.graph) graph.innerHTML = looked.graph; // drawn and escaped by the server
    if (graph) byId("graph-said").textContent = looked.graph ? "Drawn from the text. Choose a step to read its words." : "As it was before the mistake.";
  };
  const LABEL = { error: ["mistake", "bad"], warning: ["warning", "warn"], note: ["note", "info"] };
  const counted = (list) => Object.entries(LABEL).map(([severity, [one]]) => [list.filter((f) => f.severity === severity).length, one])
    .filter(([n]) => n).map(([n, one]) => `${n} ${one}${n === 1 ? "" : "s"}`).join(", ");
  const item = (f) => {
    const make = (name, cls, text) => { const el = document.createElement(name); if (cls) el.className = cls; el.textContent = text; return el; };
    const li = make("li", f.severity, "");
    const link = make("a", "", "");
    const editor = f.here || !f.owner ? location.pathname : `/playbooks/${f.owner}/edit`; // a finding about two playbooks may stand in the other
    link.href = `${editor}?file=${encodeURIComponent(f.here ? form.elements.file.value : f.file)}#L${f.line}`;
    link.dataset.line = f.here ? f.line : "";
    link.dataset.column = f.column;
    link.append(make("span", "where", `${f.here ? "" : `${f.file} `}line ${f.line}`));
    const what = make("span", "what", `${f.message}.`);
    what.dir = "auto";
    li.append(link, " ", make("span", `tag ${LABEL[f.severity][1]}`, LABEL[f.severity][0]), " ", make("span", "mono small soft", f.code), " ", what);
    if (f.fix) li.append(" ", make("span", "fix", f.fix));
    if (f.path) li.append(make("span", "way", f.path));
    return li;
  };
  const go = (line, col) => {
    const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    view.dispatch({ selection: { anchor: Math.min(at.from + Math.max(col - 1, 0), at.to) }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
    view.focus();
  };
  byId("findings").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link?.dataset.line) return;
    event.preventDefault();
    go(Number(link.dataset.line), Number(link.dataset.column));
  });

  // Saving. What cannot be saved is sent again as the plain form: the page that comes shows both versions, and the text goes along.
  let saving = false;
  const save = async () => {
    if (saving || readOnly) return;
    saving = true;
    const text = view.state.doc.toString();
    field.value = text;
    state("saving");
    try {
      const answer = await post(form.action);
      if (answer.status === 409) { leaving = true; form.submit(); return; }
      const told = await answer.json();
      if (!answer.ok) { state("not saved"); window.tell?.(told.problem || "That could not be saved."); return; }
      form.elements.seen.value = told.mark;
      saved = text;
      state(view.state.doc.toString() === saved ? "saved" : "not saved");
      shown = ++asked;
      if (view.state.doc.toString() === saved) showSoon(told);
      window.tell?.(told.loads ? "Saved." : `Saved. ${told.said}: it cannot be published yet.`);
    } catch {
      state("not saved");
      window.tell?.("That could not be saved: the server cannot be reached, or you are signed out. What you wrote is still here.");
    } finally {
      saving = false;
    }
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && !event.defaultPrevented) { event.preventDefault(); save(); }
  });
  let leaving = false;
  window.addEventListener("beforeunload", (event) => { if (!leaving && !readOnly && saved !== view.state.doc.toString()) event.preventDefault(); });

  // A step of the graph: its words as the text says them now.
  byId("graph")?.addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const at = new URL(link.getAttribute("href"), location).searchParams.get("at");
    try {
      const answer = await post(form.dataset.preview, { headers: { accept: "text/html", "HX-Request": "true" }, fields: { at } });
      if (answer.ok) byId("step").innerHTML = await answer.text(); // a page's part, made and escaped by the server
    } catch {
      window.tell?.("The server cannot be reached.");
    }
  });

  const wanted = location.hash.match(/^#L(\d+)$/);
  if (wanted) go(Number(wanted[1]), 1);
  ask({ soon: "1" }).then((looked) => { if (looked) { atOnce = looked.findings; checkBeside(); } }); // the page that came tells all of it
})();
