// What fits at the cursor: keys and values from the schema of the file, names that exist in the folder, values that words may print.
"use strict";
(() => {
  const KEY = /^(\s*(?:- )*)([A-Za-z_@][\w.-]*):(?:\s|$)/;
  const column = (line) => line.match(/^\s*(?:- )*/)[0].length; // where the key of a line begins, behind the dashes of its steps
  const said = (line) => line.trim() !== "" && !line.trim().startsWith("#");

  // The keys around a place, outermost first, and those beside it.
  const around = (lines, at, col) => {
    const path = [];
    const beside = new Set();
    let want = col;
    let inStep = true; // the lines above still belong to the same mapping
    for (let n = at - 1; n >= 0 && want > 0; n--) {
      if (!said(lines[n])) continue;
      const found = lines[n].match(KEY);
      const here = found ? found[1].length : column(lines[n]);
      const dash = lines[n].match(/^\s*- /) ? lines[n].search(/-/) : -1;
      if (found && here === want && inStep) beside.add(found[2]);
      if (here === want && dash >= 0 && dash < want) inStep = false;
      if (found && here < want && !(dash >= 0 && here === want)) {
        if (here < want && (dash < 0 || here < want)) { path.unshift(found[2]); want = dash >= 0 ? Math.min(here, want) : here; inStep = false; }
      }
    }
    for (let n = at + 1; n < lines.length; n++) {
      if (!said(lines[n])) continue;
      const found = lines[n].match(KEY);
      if (column(lines[n]) < col || /^\s*- /.test(lines[n])) break;
      if (found && found[1].length === col) beside.add(found[2]);
    }
    return { path, beside };
  };

  const real = (schema, root) => {
    while (schema && schema.$ref) schema = root.$defs[schema.$ref.split("/").pop()];
    return schema || {};
  };
  // Every form that a schema may take: lists stand for what is in them.
  const forms = (schema, root, depth = 0) => {
    const now = real(schema, root);
    if (depth > 8) return [];
    if (now.type === "array" && now.items) return forms(now.items, root, depth + 1);
    const many = now.anyOf || now.oneOf;
    return many ? many.flatMap((one) => forms(one, root, depth + 1)) : [now];
  };
  const below = (schemas, key, beside, root) => schemas.flatMap((schema) => {
    const found = (schema.properties && schema.properties[key]) || (typeof schema.additionalProperties === "object" ? schema.additionalProperties : null);
    return found ? forms(found, root) : [];
  });
  const at = (known, path) => path.reduce((schemas, key) => below(schemas, key, null, known.schema), forms(known.schema, known.schema));

  const keys = (known, path, beside) => {
    const fitting = at(known, path).filter((schema) => schema.properties);
    const whole = fitting.filter((schema) => [...beside].every((key) => key in schema.properties));
    const options = new Map();
    for (const schema of whole.length ? whole : fitting) {
      for (const [name, of] of Object.entries(schema.properties)) {
        if (beside.has(name) || options.has(name)) continue;
        const must = (schema.required || []).includes(name);
        options.set(name, { label: name, apply: `${name}: `, type: "property", info: real(of, known.schema).description || of.description || undefined, detail: must ? "needed" : undefined, boost: must ? 2 : 0 });
      }
    }
    if (path.at(-1) === "stops_on") for (const name of known.names.stops_on || []) options.set(name, { label: name, apply: `${name}: `, type: "property" });
    return [...options.values()];
  };

  const values = (known, path, key) => {
    const options = new Map();
    const put = (label, detail) => options.has(String(label)) || options.set(String(label), { label: String(label), type: "enum", detail });
    for (const name of known.names[key] || []) put(name);
    for (const schema of below(at(known, path), key, null, known.schema)) {
      for (const one of schema.enum || []) put(one);
      if (schema.const !== undefined) put(schema.const);
      if (schema.type === "boolean") { put("true"); put("false"); }
      if (!(known.names[key] || []).length) for (const one of schema.examples || []) put(one, "such as");
    }
    return [...options.values()];
  };

  const merge = (known, context) => {
    const inside = context.matchBefore(/(\{\{|\{%\s*(?:if|elsif|unless)|\b(?:and|or|==|!=))\s*[\w.]*/);
    if (!inside || !known.values.length) return null;
    const word = context.matchBefore(/[\w.]*/);
    return { from: word.from, validFor: /^[\w.]*$/, options: known.values.map((v) => ({ label: v.name, type: "variable", detail: v.kind })) };
  };

  // A condition: names that are bound where it is asked. The event is that of the playbook's start.
  const CONDITION = /(?:^|[\s{,])(?:only_if|if):\s+((?:(?!,\s*\w+:\s).)*)$/;
  const starts = (lines) => {
    const plain = (line) => line.replace(/(^|\s)#.*$/, "");
    const at = lines.findIndex((line) => /^starts_on:/.test(line));
    if (at < 0) return [];
    let text = plain(lines[at]).replace("starts_on:", "");
    for (let n = at + 1; n < lines.length && /^(\s|-|#|$)/.test(lines[n]); n++) text += ` ${plain(lines[n])}`;
    return text.match(/[\w-]+(?:\.[\w-]+)+/g) || [];
  };
  const condition = (known, context, lines, text, atTop) => {
    const written = text.replace(/^(["'])/, "");
    const strings = /^"/.test(text) ? /'/g : /^'/.test(text) ? /''|"/g : /["']/g;
    if ((written.match(strings) || []).length % 2) return null; // inside a text that it compares with
    const word = context.matchBefore(/[\w.]*/);
    if (!context.explicit && !word.text) return null;
    const options = new Map();
    const put = (name, kind) => options.has(name) || options.set(name, { label: name, type: "variable", detail: kind });
    for (const event of starts(lines)) for (const field of known.events[event] || []) put(`event.${field.name}`, field.kind);
    for (const v of [...(atTop ? [] : known.answers), ...known.bound]) put(v.name, v.kind);
    return { from: word.from, validFor: /^[\w.]*$/, options: [...options.values()] };
  };

  // Where every brace begins that is still open.
  const opened = (text) => {
    const open = [];
    [...text].forEach((sign, at) => { if (sign === "{") open.push(at); else if (sign === "}") open.pop(); });
    return open;
  };

  // A source for the editor's completion.
  window.studioCompleting = (known) => (context) => {
    const doc = context.state.doc;
    const line = doc.lineAt(context.pos);
    const lines = doc.toString().split("\n");
    const index = line.number - 1;
    if (known.front) {
      const end = lines.indexOf("---", 1);
      if (lines[0] !== "---" || end < 0 || index >= end || index === 0) return merge(known, context);
    }
    const before = line.text.slice(0, context.pos - line.from);
    if (/#/.test(before) && /(^|\s)#/.test(before)) return null;
    const asked = known.front ? null : before.match(CONDITION);
    if (asked) return condition(known, context, lines, asked[1], /^only_if:/.test(before));
    const braces = opened(before);
    if (braces.length) { // attempts: {most: 3, …  or  - {at: …, event: …
      const brace = braces.at(-1);
      const outer = braces.map((at) => before.slice(0, at).match(/([A-Za-z_][\w.-]*):\s*$/)?.[1]);
      if (before[brace - 1] === "{" || (!outer.at(-1) && !/^\s*(?:- )+$/.test(before.slice(0, brace)))) return merge(known, context);
      const inner = before.slice(brace + 1).replace(/\{[^{}]*\}/g, "");
      const part = inner.slice(inner.lastIndexOf(",") + 1);
      const path = [...around(lines, index, column(before)).path, ...outer.filter(Boolean)];
      const pair = part.match(/^\s*([\w.-]+):\s*(.*)$/);
      const word = context.matchBefore(/[\w.-]*/);
      const beside = new Set([...inner.matchAll(/([\w.-]+):/g)].map((m) => m[1]));
      const carried = path.at(-1) === "fields" ? before.match(/\bevent:\s*([\w.-]+)/)?.[1] : path.at(-1);
      const fields = (known.events[carried] || []).filter((f) => !beside.has(f.name));
      const options = pair ? values(known, path, pair[1])
        : fields.length ? fields.map((f) => ({ label: f.name, apply: `${f.name}: `, type: "property", detail: f.kind })) : keys(known, path, beside);
      const wanted = context.explicit || word.text || (pair && !pair[2]); // the values of a key are offered as soon as it is there
      return options.length && wanted ? { from: word.from, options, validFor: /^[\w.-]*$/ } : null;
    }
    const value = before.match(/^(\s*(?:- )*)([A-Za-z_][\w.-]*):\s+(.*)$/);
    if (value) {
      const { path } = around(lines, index, value[1].length);
      const options = values(known, path, value[2]);
      return options.length ? { from: context.pos - value[3].length, options } : merge(known, context);
    }
    const key = before.match(/^(\s*(?:- )*)([\w.-]*)$/);
    if (!key || !(context.explicit || key[2])) return null;
    const { path, beside } = around(lines, index, key[1].length);
    const options = keys(known, path, /- /.test(key[1]) ? new Set() : beside);
    return options.length ? { from: context.pos - key[2].length, options, validFor: /^[\w.-]*$/ } : null;
  };
})();
