/* The report -> what the page shows. Knows no document. */

const TARGETS = { own: "its own libraries", self: "itself", capi: "the C API",
	host: "what all rooms share", unlisted: "what only another library of the interpreter has" };

const plural = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/* The last part of a path. */
const base_name = path => path.slice(path.lastIndexOf("/") + 1) || path;

/* Short, for the picture: without what every module's file name ends with, and without the hash
 * that auditwheel writes into a library's. */
function short_name(object) {
	const name = base_name((object.kind !== "mirror" && object.soname) || object.name);

	if (object.kind === "module")
		return name.replace(/(.)\.(?:(?:cpython|pypy|abi)[^/]*\.)?so$/, "$1");
	return name.replace(/(.)\.(?:cpython|pypy|abi)[^/]*\.so$/, "$1")
		.replace(/-[0-9a-f]{8}(?=[.-])/g, "");
}

const is_capi = object => object.kind === "interpreter" || object.kind === "program";

function door_name(object, of) {
	if (!of)
		return short_name(object);
	if (is_capi(of))
		return "C API";
	const name = short_name(of).replace(/\.so.*/, "");

	if (/^ld[-.\d]/.test(name))
		return "ld.so";
	return name.length > 7 ? name.replace(/^lib/, "") : name;
}

const door_rank = door => !door.of ? 3 : is_capi(door.of) ? 0 : door.label === "libc" ? 1 : 2;

/* A room's name: what lives there. */
function room_name(namespace) {
	if (namespace.packages && namespace.packages.length)
		return namespace.packages.join(", ");
	return { base: "The interpreter", root: "Nothing but doors",
		program: "Of the program’s own" }[namespace.kind] || `Namespace ${namespace.number}`;
}

/* Two of a room with the same short name get the directory in front of it. */
function tell_apart(objects) {
	const count = new Map();

	for (const object of objects)
		count.set(object.label, (count.get(object.label) || 0) + 1);
	for (const object of objects)
		if (count.get(object.label) > 1 && object.name.includes("/"))
			object.label = `${base_name(object.name.replace(/\/[^/]*$/, ""))}/${object.label}`;
}

/* Doors to what all rooms share are many and of one kind: one stands for them. */
function join_doors(room) {
	const shared = room.doors.filter(door => door.of && !is_capi(door.of));

	if (shared.length < 2)
		return;
	const joined = { id: `doors-${room.number}`, kind: "doors", is_door: true, room,
		label: `${shared[0].label} + ${shared.length - 1}`, members: shared, out: [], in: [] };
	for (const door of shared)
		door.stands = joined;
	room.doors = [...room.doors.filter(door => !door.stands), joined];
}

/* The packages of modules in whose closure something is hijacked. */
function hijacked_packages(process, by_id, modules) {
	const packages = new Set();

	for (const module of modules) {
		const seen = new Set(), todo = [module.object];

		while (todo.length) {
			const object = by_id.get(todo.pop());

			if (!object || seen.has(object.id))
				continue;
			seen.add(object.id);
			if (object.hijacked)
				packages.add(module.package);
			todo.push(...(object.needed || []));
		}
	}
	return packages;
}

const hijacked_of = process =>
	process.bindings.reduce((sum, binding) => sum + binding.hijacked, 0);

/* A process that forked and has loaded nothing since has what its parent had. */
function with_lists(process, all) {
	const parent = process.forked && !process.objects.length &&
		all.find(each => each.pid === process.parent && each !== process);

	if (!parent)
		return process;
	const { interpreter, namespaces, objects, modules, bindings } = with_lists(parent, all);
	return { ...process, interpreter, namespaces, objects, modules, bindings };
}

function model_of(given_process, all) {
	const process = with_lists(given_process, all);
	const by_id = new Map(), rooms = new Map(), taken = new Map();
	const modules = process.modules, bindings = [];

	for (const namespace of [{ number: 0, kind: "base" }, ...process.namespaces])
		rooms.set(namespace.number, { ...namespace, name: room_name(namespace), doors: [],
			objects: [], hijacked: 0 });
	for (const given of process.objects)
		if (rooms.has(given.namespace))
			by_id.set(given.id, { ...given, out: [], in: [], hijacked: 0, takes: 0 });
	for (const object of by_id.values()) {
		const of = by_id.get(object.mirror_of), room = rooms.get(object.namespace);

		object.is_door = object.kind === "mirror";
		object.of = of;
		object.label = object.is_door ? door_name(object, of) : short_name(object);
		object.room = room;
		room[object.is_door ? "doors" : "objects"].push(object);
	}
	for (const module of modules)
		if (by_id.has(module.object))
			by_id.get(module.object).module = module;
	for (const given of process.bindings) {
		const binding = { ...given, from: by_id.get(given.from), to: by_id.get(given.to),
			plain: by_id.get(given.plain), symbols: given.symbols || [] };

		if (!binding.from || !binding.to)
			continue;
		bindings.push(binding);
		binding.from.out.push(binding);
		binding.to.in.push(binding);
		binding.from.hijacked += binding.hijacked;
		binding.from.room.hijacked += binding.hijacked;
		if (binding.hijacked && binding.plain) {
			binding.plain.takes += binding.hijacked;
			taken.set(binding.plain, binding.plain.takes);
		}
	}
	for (const room of rooms.values()) {
		tell_apart(room.objects);
		room.objects.sort((a, b) => (b.kind === "module") - (a.kind === "module"));
		room.doors.sort((a, b) => door_rank(a) - door_rank(b));
		join_doors(room);
		for (const door of room.doors)
			for (const member of door.members || [])
				door.in.push(...member.in);
	}
	return {
		process, by_id, bindings, modules,
		rooms: [...rooms.values()],
		hall: rooms.get(0),
		arrows: bindings.filter(binding => binding.hijacked && binding.plain),
		hijacked: hijacked_of(process),
		references: bindings.reduce((sum, binding) => sum + binding.count, 0),
		taken: [...taken.keys()].sort((a, b) => b.takes - a.takes),
		isolated: modules.filter(module => module.namespace),
		packages: new Set(modules.map(module => module.package).filter(Boolean)),
		hijacked_packages: hijacked_packages(process, by_id, modules),
		refused: modules.filter(module => module.refused),
	};
}

/* ---- finding ---- */

const object_matches = (object, text) => [object.label, object.name, object.soname,
	object.module && object.module.package]
	.some(part => part && part.toLowerCase().includes(text));

const binding_matches = (binding, text) =>
	object_matches(binding.from, text) || object_matches(binding.to, text) ||
	(binding.plain && object_matches(binding.plain, text)) ||
	binding.symbols.some(symbol => symbol.toLowerCase().includes(text));

/* What is found: the objects that match, and what hijacked references lead from or to there. */
function find(model, text) {
	const matches = new Set(), shown = new Set(), arrows = new Set();

	for (const object of model.by_id.values())
		if (object_matches(object, text))
			matches.add(object), shown.add(object);
	for (const arrow of model.arrows)
		if (binding_matches(arrow, text)) {
			arrows.add(arrow);
			shown.add(arrow.from).add(arrow.to).add(arrow.plain);
			if (arrow.symbols.some(symbol => symbol.toLowerCase().includes(text)))
				matches.add(arrow.from);
		}
	return { matches, shown, arrows };
}
