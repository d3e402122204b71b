/* The chosen object -> what it is and what it is bound to; and the tables. */

const KINDS = {
	program: "The program", interpreter: "The interpreter: it implements the C API",
	host: "A library that all rooms share", module: "A module", library: "A library",
	mirror: "A door", doors: "Doors to libraries that all rooms share",
	scope: "A list of what is searched for a module",
	linker: "The dynamic linker", vdso: "The kernel’s part of the process",
};

function link(object, choose) {
	return make("button", { type: "button", class: "link", title: object.name,
		onclick: () => choose(object, true) }, object.label);
}

function row(term, ...values) {
	const shown = values.filter(value => value !== null && value !== undefined && value !== "");

	return shown.length ? [make("dt", null, term), make("dd", null, ...shown)] : [];
}

/* A path may go on in the next line after a slash. */
const breakable = path => path.split(/(?<=\/)/).flatMap(part => [part, make("wbr")]);

const milliseconds = n =>
	`${(n / 1e6).toLocaleString("en", { maximumSignificantDigits: 2 })} ms`;

function facts_of(model, object, choose) {
	const module = object.module || {}, of = model.by_id.get(object.mirror_of);

	return make("dl", { class: "facts" },
		object.is_door ? "" : make("dd", { class: "path" },
			make("code", null, ...breakable(object.name))),
		...row("SONAME", object.soname && object.soname !== base_name(object.name) ?
			make("code", null, object.soname) : null),
		...row("mirrors", of ? link(of, choose) : null),
		...row("namespace", `${object.room.number}, ${object.room.name}`),
		...row("package", module.package),
		...row("why there", module.reason),
		...row("rule", module.rule),
		...row("came from", object.from),
		...row("our time", module.nanoseconds ? milliseconds(module.nanoseconds) : null),
		...row("refused", module.refused));
}

function symbols_of(binding) {
	if (!binding.symbols.length)
		return null;
	const left = binding.hijacked - binding.symbols.length;

	return make("details", null, make("summary", null, plural(binding.symbols.length, "symbol")),
		make("p", { class: "symbols" }, binding.symbols.join(" ") +
			(left > 0 ? ` and ${left.toLocaleString("en")} more` : "")));
}

/* what: which number of the binding is meant, "count" or "hijacked". */
function binding_item(binding, other, what, choose) {
	const item = make("li", binding.hijacked ? { class: "hijacked" } : null,
		link(other, choose), " ",
		make("span", { class: "number" }, binding[what].toLocaleString("en")));

	if (what === "hijacked")
		item.append(symbols_of(binding) || "");
	else if (binding.hijacked && binding.plain)
		item.append(make("p", null, `${binding.hijacked.toLocaleString("en")} of them would have `
			+ "gone to ", link(binding.plain, choose)), symbols_of(binding) || "");
	return item;
}

function binding_list(title, bindings, end, what, choose) {
	if (!bindings.length)
		return "";
	const sum = bindings.reduce((n, binding) => n + binding[what], 0);
	const sorted = [...bindings].sort((a, b) => b.hijacked - a.hijacked || b.count - a.count);

	return make("section", null, make("h3", null, title, " ",
		make("span", { class: "number" }, sum.toLocaleString("en"))),
		make("ul", { class: "bindings" }, ...sorted.map(binding =>
			binding_item(binding, binding[end], what, choose))));
}

function draw_panel(model, object, choose) {
	$("close").hidden = !object;
	$("legend").hidden = Boolean(object);
	$("panel").classList.toggle("chosen", Boolean(object));
	$("panel-name").textContent = object ? object.label : "How to read it";
	$("details").replaceChildren();
	if (!object)
		return;
	const taken = model.arrows.filter(arrow => arrow.plain === object);

	$("details").append(
		make("p", { class: "kind" }, KINDS[object.kind] || object.kind),
		facts_of(model, object, choose));
	if (object.members)
		$("details").append(make("ul", { class: "bindings" }, ...object.members.map(member =>
			make("li", null, link(member, choose)))));
	for (const [target, name] of Object.entries(TARGETS))
		$("details").append(binding_list(`Bound to ${name}`,
			object.out.filter(binding => binding.target === target), "to", "count", choose));
	$("details").append(
		binding_list("Would have been bound to this", taken, "from", "hijacked", choose),
		binding_list("Bound to this, from", object.in.filter(each => each.from !== object), "from",
			"count", choose));
	if (object.needed && object.needed.length)
		$("details").append(make("section", null, make("h3", null, "Needs"),
			make("ul", { class: "bindings" }, ...object.needed.map(id => model.by_id.get(id))
				.filter(Boolean).map(needed => make("li", null, link(needed, choose))))));
}

/* ---- tables ---- */

function cell_of(cell, is_first) {
	if (is_first)
		return make("th", { scope: "row" }, cell);
	return typeof cell === "number" ? make("td", { class: "number" }, cell.toLocaleString("en")) :
		make("td", null, cell || "");
}

/* rows: { cells, kind }, kind for what is printed. */
function table(caption, heads, rows) {
	return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		make("table", null, make("caption", null, caption),
			make("thead", null, make("tr", null, ...heads.map(head =>
				make("th", { scope: "col" }, head)))),
			make("tbody", null, ...rows.map(({ cells, kind }) => make("tr", { class: kind },
				...cells.map((cell, i) => cell_of(cell, i === 0)))))));
}

function bindings_table(model, bindings) {
	const rows = [...bindings].sort((a, b) => b.hijacked - a.hijacked || b.count - a.count);

	return table("Bindings, by pairs of objects",
		["From", "To", "Which is", "References", "Hijacked without us", "By", "Namespace"],
		rows.map(each => ({ kind: each.hijacked ? "hijacked" : "plain", cells: [
			each.from.label, each.to.label, TARGETS[each.target] || each.target, each.count,
			each.hijacked, each.plain ? each.plain.label : "", String(each.from.namespace)] })));
}

function modules_table(model) {
	return table("Modules, in the order in which they were loaded",
		["Module", "Package", "Namespace", "Why there", "Rule", "Our time", "Refused"],
		model.modules.map(module => {
			const object = model.by_id.get(module.object);

			return { cells: [object ? object.name : module.path, module.package || "",
				String(module.namespace), module.reason, module.rule,
				module.nanoseconds ? milliseconds(module.nanoseconds) : "", module.refused] };
		}));
}
