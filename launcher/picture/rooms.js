/* The model -> rooms with objects in them, as elements. Text gets into the document as text
 * only: names of files come from anywhere. */

const FOLD = 12;	/* a room with more is folded to that many, and what is hijacked */

const $ = id => document.getElementById(id);

/* make("button", { class: "x", onclick: f }, child, ...) */
function make(tag, attributes, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (value !== undefined && value !== null && value !== false)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.filter(child => child !== null && child !== undefined));
	return element;
}

function describe(object) {
	if (object.members)
		return `doors: ${object.members.map(member => member.label).join(", ")}`;
	if (object.is_door)
		return `door: ${object.label}`;
	const parts = [object.label, object.kind];
	if (object.hijacked)
		parts.push(`${plural(object.hijacked, "reference")} would have been hijacked`);
	if (object.takes)
		parts.push(`would have taken ${plural(object.takes, "reference")}`);
	return parts.join(", ");
}

function object_button(object) {
	const number = object.hijacked || object.takes;
	const kind = object.is_door ? "door" : object.kind;

	object.button = make("button", {
		type: "button", class: `object ${kind}${object.takes ? " takes" : ""}`,
		"data-id": object.id,
		"data-members": object.members && object.members.map(member => member.id).join(" "),
		"aria-label": describe(object), title: object.name,
		"aria-pressed": "false", tabindex: "-1",
	}, make("span", { class: "name" }, object.label),
	number ? make("span", { class: "number" }, number.toLocaleString("en")) : null);
	for (const member of object.members || [])
		member.button = object.button;
	return make("li", null, object.button);
}

/* Is never folded: an arrow leads from or to it, or all turns on it. */
const matters = object => object.takes || object.hijacked || is_capi(object) ||
	object.in.some(binding => binding.hijacked);

function object_list(room, objects, name) {
	const list = make("ul", { class: "objects", "aria-label": name });
	let spare = FOLD - objects.filter(matters).length, folded = 0;

	for (const object of objects) {
		const item = object_button(object);

		if (objects.length > FOLD + 2 && !matters(object) && --spare < 0) {
			item.classList.add("folded");
			folded++;
		}
		list.append(item);
	}
	room.more = folded ? make("button", { type: "button", class: "more",
		"aria-expanded": "false" }, `${folded} more`) : null;
	if (room.more)
		room.more.addEventListener("click", () => {
			const open = room.element.classList.toggle("open");

			room.more.setAttribute("aria-expanded", open);
			room.more.textContent = open ? "Fewer" : `${folded} more`;
			room.element.dispatchEvent(new Event("rooms-changed", { bubbles: true }));
		});
	return list;
}

/* One tab stop a room: the arrow keys go on from there. */
function first_stop(element) {
	const first = element.querySelector(".object");

	if (first)
		first.tabIndex = 0;
}

function draw_room(room) {
	const id = `room-${room.number}`;
	const doors = make("ul", { class: "doors", "aria-label": "Doors" },
		...room.doors.map(object_button));

	room.element = make("section", { class: "room", "aria-labelledby": id });
	room.element.append(
		room.doors.length ? doors : "",
		make("header", null, make("h3", { id }, room.name),
			make("span", { class: "where" }, `namespace ${room.number}`)),
		object_list(room, room.objects, "Objects"), room.more || "");
	first_stop(room.element);
	return room.element;
}

/* The hall: what would be taken comes last, next to the rooms. */
function draw_hall(room) {
	const rank = object => object.kind === "program" ? 0 : object.kind === "interpreter" ? 1 :
		object.takes ? 4 : object.kind === "module" ? 3 : 2;
	const objects = [...room.objects].sort((a, b) => rank(a) - rank(b));

	room.element = $("hall");
	room.element.classList.remove("open");
	room.element.replaceChildren(
		make("header", null, make("h3", { id: "hall-name" }, "The interpreter"),
			make("span", { class: "where" }, "namespace 0, where its own libraries are")),
		object_list(room, objects, "Objects of the interpreter"));
	if (room.more)
		room.element.firstChild.append(room.more);
	first_stop(room.element);
}

const room_height = room => 90 + 24 * Math.min(room.objects.length, FOLD + 2);

/* Columns, so that between them there is a way for the arrows from bottom to top. Each room
 * goes to the shortest. */
function place_rooms(model, count) {
	const columns = Array.from({ length: count }, () =>
		({ element: make("div", { class: "column" }), height: 0 }));
	const rooms = model.rooms.filter(room => room !== model.hall &&
		room.objects.length + room.doors.length);

	rooms.sort((a, b) => (b.hijacked > 0) - (a.hijacked > 0) || a.number - b.number);
	for (const room of rooms) {
		const column = columns.reduce((a, b) => b.height < a.height ? b : a);

		column.element.append(room.element || draw_room(room));
		column.height += room_height(room);
		room.column = column.element;
	}
	$("rooms").replaceChildren(...columns.map(column => column.element));
}
