/* The report that is in this page -> the page, and what a person does with it. */

const view = {
	report: JSON.parse($("data").textContent),
	model: null,
	state: location.hash === "#state=without" ? "without" : "with",
	progress: 1,		/* of the arrows, from without to with */
	found: null,		/* of the filter; null is all */
	chosen: null,
	columns: 0,
	is_printed: false,
};

const command_of = command => (command || []).join(" ");

/* ---- words ---- */

function headline(model) {
	const { hijacked, process } = model, packages = model.hijacked_packages.size;

	if (hijacked)
		return `${plural(hijacked, "reference")} of ${plural(packages, "package")} would have gone `
			+ "to the interpreter’s libraries";
	if (!process.interpreter)
		return "No Python interpreter ran in this process";
	if (!model.isolated.length)
		return "No extension module was isolated in this process";
	return "Nothing would have been hijacked in this run";
}

const bytes = n => n < 1e6 ? `${Math.round(n / 1e3)} kB` :
	`${(n / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;

function facts(model) {
	const { process } = model, rooms = model.rooms.length - 1;

	return [
		[model.packages.size, model.packages.size === 1 ? "package" : "packages"],
		[model.isolated.length, model.isolated.length === 1 ? "module isolated" :
			"modules isolated"],
		[process.objects.length, "objects"],
		[rooms, rooms === 1 ? "namespace beside it" : "namespaces beside it"],
		[model.references, "references"],
		process.cost ? [milliseconds(process.cost.nanoseconds), "our time"] : null,
		process.cost ? [bytes(process.cost.private_bytes), "our memory"] : null,
		process.mode && process.mode !== "enforce" ? [process.mode, "mode"] : null,
	].filter(Boolean);
}

function caption(model, state) {
	const sum = plural(model.hijacked, "reference");

	if (state === "with")
		return model.hijacked ? `With pypy-isolate each package has a room of its own, and ${sum} `
			+ "stay in it. Of the interpreter it sees what is behind its doors, no more."
			: "With pypy-isolate each package has a room of its own. Of the interpreter it sees "
			+ "what is behind its doors, no more.";
	return model.hijacked ? "Without pypy-isolate there are no walls, and the interpreter’s "
		+ `libraries are asked first: ${sum} go to ${plural(model.taken.length, "library",
			"libraries")} that no module asked for.`
		: "Without pypy-isolate there are no walls, and the interpreter’s libraries are asked "
		+ "first. In this run none of them had what a module brings itself.";
}

function draw_words(model) {
	const { report } = view;

	document.title = `${command_of(model.process.command)} – pypy-isolate explain`;
	$("command").title = command_of(report.command);
	$("command").replaceChildren(make("code", null, command_of(report.command)),
		report.status === undefined || report.status === null ? "" :
			` ended with status ${report.status}`);
	$("headline").textContent = headline(model);
	$("taken").replaceChildren(...model.taken.map(object => make("li", null,
		make("button", { type: "button", class: "taken", onclick: () => choose(object, true) },
			make("span", { class: "name" }, object.label), " ",
			make("span", { class: "number" }, object.takes.toLocaleString("en"))))));
	$("facts").replaceChildren(...facts(model).map(([number, what]) => make("li",
		{ "data-fact": what }, make("b", null, number.toLocaleString("en")), ` ${what}`)));
	$("refused").hidden = !model.refused.length;
	$("refused").replaceChildren(...model.refused.map(module =>
		make("li", null, "Refused: ", module.refused)));
}

/* ---- state ---- */

const is_calm = matchMedia("(prefers-reduced-motion: reduce)");
let turning = 0;

/* The arrows turn from one state to the other. */
function turn(to) {
	const from = view.progress, start = performance.now(), time = is_calm.matches ? 0 : 450;

	cancelAnimationFrame(turning);
	const step = now => {
		const part = time ? Math.min(1, Math.max(0, (now - start) / time)) : 1;
		const eased = part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) * (1 - part);

		view.progress = from + (to - from) * eased;
		place_arrows(view);
		if (part < 1)
			turning = requestAnimationFrame(step);
	};
	step(start);
}

function set_state(state, is_said) {
	view.state = state;
	$("picture").dataset.state = state;
	$("with").setAttribute("aria-pressed", state === "with");
	$("without").setAttribute("aria-pressed", state === "without");
	$("caption").textContent = caption(view.model, state);
	if (is_said)
		$("said").textContent = $("caption").textContent;
	turn(state === "with" ? 1 : 0);
}

/* object may be null. to_panel: the keyboard goes on there. */
function choose(object, to_panel) {
	const before = view.chosen;

	if (before && before.button)
		before.button.setAttribute("aria-pressed", "false");
	view.chosen = object;
	draw_panel(view.model, object, choose);
	draw_quiet(object);
	highlight(view.model, object);
	if (object && object.button) {
		object.button.setAttribute("aria-pressed", "true");
		if (to_panel && is_visible(object.button))
			object.button.scrollIntoView({ block: "nearest" });
	}
	if (object)
		$("said").textContent = `${object.label}: ${plural(object.out.length, "binding")} from it, `
			+ `${plural(object.in.length, "binding")} to it`;
	if (to_panel)
		$("panel").focus({ preventScroll: true });
	if (!object && before && before.button)
		before.button.focus({ preventScroll: true });
}

/* ---- the filter ---- */

function apply_filter() {
	const { model } = view, text = $("filter").value.trim().toLowerCase();

	view.found = text ? find(model, text) : null;
	for (const object of model.by_id.values()) {
		const is_found = !view.found || view.found.shown.has(object);
		const item = object.button && object.button.parentElement;

		if (!item)
			continue;
		const stays = is_found || object.room === model.hall || object.is_door;
		item.classList.toggle("lost", !stays);
		item.classList.toggle("faint", stays && !is_found);
	}
	for (const room of model.rooms)
		if (room.element && room !== model.hall)
			room.element.classList.toggle("lost", Boolean(view.found) &&
				![...room.objects, ...room.doors].some(object => view.found.shown.has(object)));
	$("picture").classList.toggle("filtered", Boolean(view.found));
	$("found").textContent = view.found ? `${view.found.matches.size.toLocaleString("en")} of ${
		plural(model.by_id.size, "object")}` : "";
	fill_tables();
	place();
}

function fill(details, count, build) {
	details.querySelector("summary span").textContent = count.toLocaleString("en");
	for (const old of details.querySelectorAll(".scroll"))
		old.remove();
	details.build = build;
	if (details.open)
		details.append(build());
}

/* A table is made when it is opened: it may have thousands of rows. */
function fill_tables() {
	const { model, found } = view, text = $("filter").value.trim().toLowerCase();
	const bindings = found ? model.bindings.filter(each => binding_matches(each, text))
		: model.bindings;

	fill($("bindings"), bindings.length, () => bindings_table(model, bindings));
	fill($("modules"), model.modules.length, () => modules_table(model));
}

/* ---- layout ---- */

function place() {
	if (view.is_printed)
		return;
	make_way(view.model);
	const width = $("picture").clientWidth;
	const columns = Math.max(1, Math.min(6, Math.floor(width / 272),
		view.model.rooms.length - 1));

	if (columns !== view.columns) {
		view.columns = columns;
		place_rooms(view.model, columns);
	}
	draw_quiet(view.chosen);
	place_arrows(view);
}

/* On paper the picture is as wide as makes it largest when it is to fit on a sheet: on the
 * first, if it can be read there. */
function fit_to_paper() {
	const picture = $("picture"), sheet = { width: 690, height: 940 };
	const scale_at = (width, height) => {
		picture.style.width = `${width}px`;
		place();
		return Math.min(1, sheet.width / width, height / picture.offsetHeight);
	};
	const best = height => [690, 960, 1240, 1520, 1800]
		.map(width => [scale_at(width, height), width])
		.reduce((a, b) => b[0] > a[0] ? b : a);
	const first = best(sheet.height - picture.offsetTop);
	const [scale, width] = first[0] > 0.55 ? first : best(sheet.height);

	scale_at(width, sheet.height);
	view.is_printed = true;
	picture.style.zoom = scale;
}

function print_all() {
	for (const details of document.querySelectorAll("#tables details")) {
		details.open = true;
		if (!details.querySelector(".scroll"))
			details.append(details.build());
	}
	document.body.classList.add("printed");
	fit_to_paper();
}

function printed_all() {
	document.body.classList.remove("printed");
	view.is_printed = false;
	$("picture").removeAttribute("style");
	place();
}

function show(process) {
	view.model = model_of(process, view.report.processes);
	document.body.classList.toggle("empty", !view.model.process.objects.length);
	view.columns = 0;
	view.chosen = null;
	draw_words(view.model);
	draw_hall(view.model.hall);
	draw_arrows(view.model);
	draw_panel(view.model, null, choose);
	view.progress = view.state === "with" ? 1 : 0;
	place();
	view.model.by_button = new Map([...view.model.by_id.values(),
		...view.model.rooms.flatMap(room => room.doors)].map(each => [each.button, each]));
	apply_filter();
	set_state(view.state, false);
}

/* ---- keys and clicks ---- */

const object_of = element => {
	const button = element.closest && element.closest("[data-id]");

	return button ? view.model.by_button.get(button) : null;
};

/* Up and down among the objects of a room, left and right to the room beside. */
function move(event) {
	const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
	const side = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
	const all = [...document.querySelectorAll("#hall, .room")].filter(is_visible);
	const room = event.target.closest("#hall, .room");

	if (!room || !(step || side) || !object_of(event.target))
		return;
	const target = side ? all[all.indexOf(room) + side] : room;
	const buttons = target ? [...target.querySelectorAll(".object")].filter(is_visible) : [];
	const at = side ? 0 : Math.max(0, Math.min(buttons.length - 1,
		buttons.indexOf(event.target) + step));
	const next = side ? buttons.find(button => button.tabIndex === 0) || buttons[0] : buttons[at];
	if (!next)
		return;
	event.preventDefault();
	for (const button of target.querySelectorAll(".object"))
		button.tabIndex = button === next ? 0 : -1;
	next.focus();
}

function listen() {
	const look = event => {
		const object = object_of(event.target);

		highlight(view.model, object || view.chosen);
	};

	$("with").addEventListener("click", () => set_state("with", true));
	$("without").addEventListener("click", () => set_state("without", true));
	$("filter").addEventListener("input", apply_filter);
	$("process").addEventListener("change", () =>
		show(view.report.processes[$("process").selectedIndex]));
	$("close").addEventListener("click", () => choose(null));
	$("picture").addEventListener("click", event => {
		const object = object_of(event.target);

		if (object)
			choose(object === view.chosen ? null : object);
	});
	$("picture").addEventListener("pointerover", look);
	$("picture").addEventListener("focusin", look);
	$("picture").addEventListener("pointerleave", () => highlight(view.model, view.chosen));
	$("picture").addEventListener("keydown", move);
	$("picture").addEventListener("rooms-changed", place);
	document.addEventListener("keydown", event => {
		if (event.key === "Escape" && view.chosen)
			choose(null);
	});
	for (const details of document.querySelectorAll("#tables details"))
		details.addEventListener("toggle", () => {
			if (details.open && !details.querySelector(".scroll"))
				details.append(details.build());
		});
	new ResizeObserver(place).observe($("picture"));
	addEventListener("beforeprint", print_all);
	addEventListener("afterprint", printed_all);
}

/* Which process to show first: where most is to be seen. */
const interest = process => hijacked_of(process) ||
	(process.modules.some(module => module.namespace) ? 0.5 : process.interpreter ? 0.2 : 0);

function option_of(process) {
	const hijacked = hijacked_of(process);

	return `${process.pid}: ${command_of(process.command)}${process.forked ? " (forked)" : ""}`
		+ (hijacked ? `, ${hijacked.toLocaleString("en")} hijacked` : "");
}

function start() {
	const { processes } = view.report;
	const most = processes.reduce((a, b) => interest(b) > interest(a) ? b : a);

	$("page").hidden = false;
	$("choice").hidden = processes.length < 2;
	$("process").replaceChildren(...processes.map(process => make("option",
		{ selected: process === most }, option_of(process))));
	show(most);
	listen();
}

start();
