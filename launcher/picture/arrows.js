/* Rooms on the page -> arrows between what is in them.
 *
 * An arrow is all references from one object to one other. Each runs in the white between the
 * boxes, never over a name: out of the row to the left, and then either up beside the column
 * and along below the hall, on a lane for each library that would be taken; or, in the room's
 * own margin, to the own library. Both are six points, so one can turn into the other. */

const LANE = 5;			/* between two lines side by side */
const ROOM_LANES = 4;
const SVG = "http://www.w3.org/2000/svg";

/* Where an element is within the picture. */
function box(element) {
	const picture = $("picture").getBoundingClientRect(), its = element.getBoundingClientRect();
	const left = its.left - picture.left, top = its.top - picture.top;

	return { left, top, right: left + its.width, bottom: top + its.height,
		middle: top + its.height / 2, centre: left + its.width / 2 };
}

const is_visible = element => element && element.getClientRects().length > 0;

/* What stands for an object: itself, or what it is folded into. */
function anchor(object) {
	const stands = [object.button, object.room && object.room.more].find(is_visible);

	return stands && box(stands);
}

/* Of the hall; what are more share them. */
const lanes_of = model => Math.min($("picture").clientWidth < 600 ? 4 : 8, model.taken.length);

/* How wide the ways between the rooms must be. */
function make_way(model) {
	$("picture").style.setProperty("--way", `${Math.max(20, 14 + lanes_of(model) * LANE)}px`);
}

/* The door of a room through which it sees an object of base. */
const door_to = (room, object) => object.is_door ? object.stands || object :
	room.doors.find(door => [door, ...door.members || []]
		.some(each => each.mirror_of === object.id)) || object;

/* Of each object that arrows start from, the lane in its room's margin: so that those that
 * overlap are side by side. Lane 0 is for what goes to itself. */
function room_lanes(arrows) {
	const spans = new Map(), lanes = new Map(), ends = new Map();

	for (const arrow of arrows) {
		const from = anchor(arrow.from), to = anchor(arrow.to);

		if (!from || !to || arrow.from === arrow.to)
			continue;
		const span = spans.get(arrow.from) || { room: arrow.from.room, top: Infinity, bottom: 0 };
		span.top = Math.min(span.top, from.middle, to.middle);
		span.bottom = Math.max(span.bottom, from.middle, to.middle);
		spans.set(arrow.from, span);
	}
	for (const [object, span] of [...spans].sort((a, b) => a[1].top - b[1].top)) {
		const taken = ends.get(span.room) || [];
		let lane = taken.findIndex(end => end < span.top - LANE);

		if (lane < 0)
			lane = taken.length;
		taken[lane] = span.bottom;
		ends.set(span.room, taken);
		lanes.set(object, 1 + lane % (ROOM_LANES - 1));
	}
	return lanes;
}

/* Of each library that would be taken, the way to it. Lines that part do not cross: beside a
 * column the one to the library furthest left is left, and below the hall the one that goes
 * furthest is low. The rows of the hall are entered from further left the higher they are. */
function hall_ways(model) {
	const rooms = box($("rooms")), ways = new Map(), rows = [], lanes = lanes_of(model);
	const columns = model.arrows.map(arrow => arrow.from.room.column).filter(is_visible);
	const start = columns.reduce((sum, column) => sum + box(column).left, 0) / columns.length;
	const places = model.taken.filter(object => anchor(object))
		.map(object => ({ object, to: anchor(object) }));

	for (const { to } of places)
		if (!rows.includes(to.top))
			rows.push(to.top);
	rows.sort((a, b) => b - a);
	places.sort((a, b) => b.to.left - a.to.left || a.to.top - b.to.top);
	places.forEach(({ object, to }, i) => ways.set(object, { to, beside: 8 + i % lanes * LANE,
		enter: to.left - 8 - Math.min(3, rows.indexOf(to.top)) * 4 }));
	places.sort((a, b) => Math.abs(b.to.left - start) - Math.abs(a.to.left - start));
	places.forEach(({ object }, i) => {
		ways.get(object).along = rooms.top - 20 - i % lanes * LANE;
	});
	return ways;
}

/* Up beside the column, along below the hall, and into the library from the left. */
function way_to_hall({ to, beside, along, enter }, from, column) {
	const x = box(column).left - beside;

	return [[from.left, from.middle], [x, from.middle], [x, along], [enter, along],
		[enter, to.middle], [to.left - 1, to.middle]];
}

/* Through the room's margin. */
function way_in_room(from, to, lane) {
	const x = from.left - 9 - lane * 6, middle = (from.middle + to.middle) / 2;

	return [[from.left, from.middle], [x, from.middle], [x, middle], [x, middle], [x, to.middle],
		[to.left - 1, to.middle]];
}

/* What goes to itself: a small loop, below where others come in. */
function way_to_itself(from) {
	const x = from.left - 9, start = from.middle, end = start + 9;

	return [[from.left, start], [x, start], [x, start + 4], [x, start + 4], [x, end],
		[from.left - 1, end]];
}

/* Through the room's margin, along below the doors, and up into one. */
function way_to_door(from, to, lane) {
	const x = from.left - 9 - lane * 6, along = to.bottom + 7;

	return [[from.left, from.middle], [x, from.middle], [x, along], [to.centre, along],
		[to.centre, to.bottom + 1]];
}

function path_of(points) {
	let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;

	for (let i = 1; i < points.length; i++) {
		const [[x0, y0], [x, y], [x2, y2]] = [points[i - 1], points[i], points[i + 1] || points[i]];
		const before = Math.hypot(x - x0, y - y0), after = Math.hypot(x2 - x, y2 - y);
		const radius = Math.min(6, before / 2, after / 2);
		const point = (toX, toY, length) => `${(x + (toX - x) * radius / length).toFixed(1)} ${
			(y + (toY - y) * radius / length).toFixed(1)}`;

		path += radius < 0.5 ? `L${x.toFixed(1)} ${y.toFixed(1)}` :
			`L${point(x0, y0, before)}Q${x.toFixed(1)} ${y.toFixed(1)} ${point(x2, y2, after)}`;
	}
	return path;
}

/* How much of the way from one to the other: 0 is without us, 1 with. */
const between = (without, with_us, progress) => without.map(([x, y], i) => [
	x + (with_us[i][0] - x) * progress, y + (with_us[i][1] - y) * progress]);

function line(name, title) {
	const element = document.createElementNS(SVG, "path");

	element.setAttribute("class", name);
	element.dataset.title = title;
	$("lines").append(element);
	return element;
}

/* Those of hijacked references, once for each report. */
function draw_arrows(model) {
	$("lines").replaceChildren();
	for (const arrow of model.arrows) {
		arrow.line = line("arrow", `${arrow.from.label} → ${arrow.to.label}`);
		arrow.line.dataset.from = arrow.from.id;
		arrow.line.dataset.count = arrow.hijacked;
		arrow.line.classList.toggle("loop", arrow.from === arrow.to);
		arrow.line.style.setProperty("--width", 1.4 + 0.8 * Math.log10(arrow.hijacked));
	}
}

/* What the chosen object is bound to besides. */
function draw_quiet(object) {
	for (const old of document.querySelectorAll("#lines .quiet"))
		old.remove();
	if (!object || !object.room || !object.room.element)
		return;
	const bindings = [...object.out, ...object.in.filter(each => each.from.room === object.room)];
	for (const binding of bindings) {
		const target = door_to(binding.from.room, binding.to);
		const from = anchor(binding.from), to = anchor(target);

		if (binding.from === binding.to || target.room !== binding.from.room || !from || !to ||
		    binding.hijacked)
			continue;
		const points = target.is_door ? way_to_door(from, to, ROOM_LANES) :
			way_in_room(from, to, ROOM_LANES);
		const element = line("quiet", `${binding.from.label} → ${target.label}`);
		element.setAttribute("d", path_of(points));
		$("lines").prepend(element);
	}
}

/* Puts every arrow where it belongs now. */
function place_arrows(view) {
	const { model, progress } = view, picture = $("picture").getBoundingClientRect();
	const lanes = room_lanes(model.arrows), ways = hall_ways(model);
	const loops = new Set(model.arrows.filter(arrow => arrow.from === arrow.to)
		.map(arrow => arrow.from));

	$("arrows").setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
	$("arrows").setAttribute("width", picture.width);
	$("arrows").setAttribute("height", picture.height);
	for (const arrow of model.arrows) {
		const from = anchor(arrow.from), to = anchor(arrow.to), way = ways.get(arrow.plain);
		const column = arrow.from.room.column;
		const is_shown = from && to && way && column &&
			(!view.found || view.found.arrows.has(arrow));

		arrow.line.classList.toggle("hidden", !is_shown);
		arrow.line.classList.toggle("own", view.state === "with");
		arrow.line.classList.toggle("away", view.state === "without");
		arrow.line.dataset.target = (view.state === "with" ? arrow.to : arrow.plain).id;
		if (!is_shown)
			continue;
		if (loops.has(arrow.to))
			to.middle -= 5;
		arrow.line.setAttribute("d", path_of(between(way_to_hall(way, from, column),
			arrow.from === arrow.to ? way_to_itself(from) :
				way_in_room(from, to, lanes.get(arrow.from)), progress)));
	}
}

/* The object that is looked at: its arrows stay, the others step back. */
function highlight(model, object) {
	const near = new Set();

	$("picture").classList.toggle("looking", Boolean(object));
	for (const arrow of model.arrows) {
		const is_its = object && [arrow.from, arrow.to, arrow.plain].includes(object);

		arrow.line.classList.toggle("hot", Boolean(is_its));
		if (is_its)
			near.add(arrow.from).add(arrow.to).add(arrow.plain);
	}
	if (object) {
		for (const binding of object.out)
			near.add(binding.to).add(door_to(object.room, binding.to));
		for (const binding of object.in)
			near.add(binding.from);
	}
	for (const other of model.by_id.values())
		if (object && other.mirror_of === object.id)
			near.add(other);
	for (const old of document.querySelectorAll(".object.near"))
		old.classList.remove("near");
	for (const other of near)
		if (other.button && other.button !== (object && object.button))
			other.button.classList.add("near");
}
