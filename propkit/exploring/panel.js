// The code of a view with its button, and the rows behind a group.  Rows come as messages, never as state: what is state
// may be saved with the notebook.  Everything is set as text.
function make(tag, style, text) {
  const element = document.createElement(tag);
  if (style) element.style.cssText = style;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = make("textarea", "position:fixed;opacity:0");  // pages that are not served over https or from this machine
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

function code(model, el) {
  const words = model.get("words");
  const line = make("div", "display:flex;gap:8px;align-items:center;max-width:100%");
  const shown = make("code", "flex:0 1 auto;overflow-x:auto;white-space:nowrap;padding:3px 8px;border:1px solid #d0d7de;border-radius:3px;font-size:12px;scrollbar-width:thin");
  shown.className = "pk-code-line";
  const button = make("button", "flex:none", words.copy);
  button.className = "jupyter-button pk-copy";
  button.addEventListener("click", async () => {
    await copy(model.get("code"));
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, 1500);
  });
  const show = () => { shown.textContent = model.get("code").trim().split("\n").pop(); shown.title = model.get("code"); };
  model.on("change:code", show);
  show();
  line.append(button, shown);
  el.append(line);
}

function rows(model, el) {
  const box = make("div", "max-height:320px;overflow:auto;max-width:100%");
  box.className = "pk-rows";
  box.setAttribute("role", "region");
  model.on("msg:custom", (told) => {
    box.replaceChildren();
    if (told.title) box.append(make("p", "margin:4px 0;font-weight:bold", told.title));
    if (told.note) box.append(make("p", "margin:4px 0;color:#57606a;font-size:12px", told.note));
    if (!told.columns) return;
    const table = make("table", "border-collapse:collapse;font-size:13px");
    const head = table.createTHead().insertRow();
    told.columns.forEach((name) => head.append(make("th", "text-align:left;padding:2px 12px 2px 0;border-bottom:1px solid #d0d7de;white-space:nowrap", name)));
    const body = table.createTBody();
    told.rows.forEach((row) => {
      const line = body.insertRow();
      row.forEach((words) => {
        const cell = make("td", "text-align:left;vertical-align:top;padding:2px 12px 2px 0;max-width:36em;overflow-wrap:anywhere", words);
        cell.dir = "auto";
        line.append(cell);
      });
    });
    box.append(table);
  });
  el.append(box);
}

export default { render({ model, el }) { (model.get("part") === "code" ? code : rows)(model, el); } };
