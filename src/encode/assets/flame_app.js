/*
 * The page: one state, kept in the URL's hash so that links and the back button work, and everything shown
 * is derived from it. Text from the profile reaches the document through textContent only.
 */
const $ = (id) => document.getElementById(id);
const VIEWS = ["flame", "icicle", "sandwich", "table"];
const METRIC_NAMES = { alloc_objects: "Allocated objects", alloc_space: "Allocated bytes",
	inuse_objects: "Live objects", inuse_space: "Live bytes" };
const KEYS = [["/", "search"], ["n N", "next, previous match"], ["1 \u2026 4", "metric"], ["i", "flame or icicle"], ["r", "leaf first"],
	["s", "sandwich of the frame"], ["t", "table"], ["arrows", "move"], ["Enter", "zoom in"], ["\u232b", "zoom out"], ["0", "reset zoom"],
	["c", "copy the name"], ["d", "dark or light"], ["Esc", "close, clear, zoom out"], ["?", "this help"]];

function element(tag, text, attributes = {}) {
	const e = document.createElement(tag);
	if (text !== undefined)
		e.textContent = text;
	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	return e;
}

class App {
	constructor(profile) {
		this.profile = profile;
		this.painter = new Painter($("canvas"), profile);
		this.layouts = new Map();
		this.hover = this.selected = null;
		this.initial = { m: profile.metric, v: "flame", r: 0, z: "", q: "", f: -1, w: "max", s: 0, o: "" };
		this.state = this.parse(location.hash);
		this.darkSystem = matchMedia("(prefers-color-scheme: dark)");
		this.chosenTheme = this.savedTheme();
		this.table = new FunctionTable(this);
		this.header();
		this.listen();
		this.apply();
	}

	/* --- state ---------------------------------------------------------------------------------- */

	parse(hash) {
		const { profile } = this, s = { ...this.initial }, given = new URLSearchParams(hash.slice(1));
		const number = (key, limit) => {
			const v = Number(given.get(key));
			if (given.has(key) && Number.isInteger(v) && v >= 0 && v < limit)
				s[key] = v;
		};
		number("m", profile.metrics.length);
		number("r", 2);
		number("s", 2);
		number("f", profile.frameCnt);
		for (const key of ["z", "q", "o"])
			s[key] = given.get(key) ?? s[key];
		if (VIEWS.includes(given.get("v")))
			s.v = given.get("v");
		if (["before", "after", "max"].includes(given.get("w")))
			s.w = given.get("w");
		if (s.v === "sandwich" && s.f < 0)
			s.f = this.heaviest(s.m);
		return s;
	}

	hash() {
		const out = new URLSearchParams();
		for (const [key, value] of Object.entries(this.state))
			if (value !== this.initial[key])
				out.set(key, value);
		return `#${out}`;
	}

	/* @replace: no step in the history, e.g. for every letter of a search. */
	set(change, replace = false) {
		const old = this.state;
		this.state = { ...old, ...change };
		if (this.state.v === "sandwich" && this.state.f < 0)
			this.state.f = this.focusFrame() ?? this.heaviest(this.state.m);
		const hash = this.hash();
		if (hash !== (location.hash || "#")) {
			if (replace)
				location.replace(hash);
			else
				location.hash = hash;
		}
		this.apply(old);
	}

	/* Where z=KEY:NODE.SKIP points to; the root of the pane if it points nowhere. */
	zoomOf(pane) {
		const [, key, node, skip] = /^([a-z]?)(\d+)(?:\.(\d+))?$/.exec(this.state.z) || [];
		const { tree } = pane.layout, zoom = { node: Number(node || 0), skip: Number(skip || 0) };
		if (key !== pane.key || zoom.node >= tree.cnt || pane.layout.width[zoom.node] <= 0)
			return { node: 0, skip: 0 };
		if (zoom.skip >= tree.first[zoom.node + 1] - tree.first[zoom.node])
			zoom.skip = 0;
		return zoom;
	}

	/* The function with the most of its own: what a sandwich is for. */
	heaviest(metric) {
		const { profile } = this, values = profile.functions().self[metric + this.afterOffset()]
			.map((v, f) => (profile.flags[f] & FLAG.GATHERED ? 0 : v));
		return Math.max(0, values.indexOf(values.reduce((a, b) => Math.max(a, b), 0)));
	}

	afterOffset() {
		return this.profile.diff ? this.profile.metrics.length : 0;
	}

	/* --- what is shown ------------------------------------------------------------------------------ */

	choice() {
		const { m, w, s } = this.state;
		return { metric: m, widths: w, normalise: s === 1 };
	}

	layout(key, makeTree) {
		const { m, w, s } = this.state, full = `${key}/${m}/${w}/${s}`;
		if (!this.layouts.has(full)) {
			if (this.layouts.size > 24)
				this.layouts.clear();
			this.layouts.set(full, new Layout(this.profile, makeTree(), this.choice()));
		}
		return this.layouts.get(full);
	}

	makePanes() {
		const { profile, state: { v, r, f } } = this;
		const pane = (key, layout, up, headless) => {
			const made = { key, layout, up, headless };
			made.zoom = this.zoomOf(made);
			made.target = Painter.range(layout, made.zoom);
			made.view = made.target;
			return made;
		};
		if (v !== "sandwich")
			return [pane("", r ? this.layout("r", () => profile.leafFirst()) : this.layout("", () => profile.tree),
				v === "flame", false)];
		return [pane("c", this.layout(`c${f}`, () => profile.callers(f)), true, true),
			pane("d", this.layout(`d${f}`, () => profile.callees(f)), false, false)];
	}

	apply(old = {}) {
		const { state } = this, table = state.v === "table";
		document.documentElement.dataset.theme = this.theme;
		this.found = state.q ? this.profile.match(state.q) : null;
		$("graph").hidden = table;
		$("rows").hidden = !table;
		$("query").value = state.q;
		this.buttons();
		if (table)
			this.table.show();
		else
			this.showGraph(old);
		this.legend();
		this.showMatched();
		this.crumbs();
		this.status(null);
	}

	showGraph(old) {
		const same = old.v === this.state.v && old.r === this.state.r && old.f === this.state.f && old.m === this.state.m
			&& old.w === this.state.w && old.s === this.state.s;
		const views = same ? this.panes.map(({ view }) => view) : null;
		this.panes = this.makePanes();
		this.hover = null;
		if (!same)
			this.selected = null;
		cancelAnimationFrame(this.animation);
		if (same && old.z !== this.state.z && !matchMedia("(prefers-reduced-motion: reduce)").matches && !document.hidden)
			this.animate(views, performance.now());
		else
			this.draw(true);
	}

	animate(from, begin) {
		const step = (now) => {
			const t = Math.min(1, Math.max(0, (now - begin) / 180)), ease = 1 - (1 - t) ** 3;
			this.panes.forEach((pane, i) => {
				pane.view = t < 1 ? pane.target.map((to, side) => from[i][side] + (to - from[i][side]) * ease) : pane.target;
			});
			this.draw(t === 1);
			if (t < 1)
				this.animation = requestAnimationFrame(step);
		};
		step(begin);
	}

	/* @settled: boxes will stay, so the place that matters may be scrolled to. */
	draw(settled) {
		const graph = $("graph"), { painter } = this;
		painter.resize(graph.clientWidth, graph.clientHeight);
		const high = painter.arrange(this.panes);
		this.top = this.state.v === "flame" ? Math.max(0, painter.height - high) : 0;
		$("spacer").style.height = `${Math.max(high, painter.height)}px`;
		if (settled)
			this.scrollToZoom(high);
		this.paint();
	}

	/* The zoomed frame's row into view: the bottom for flames, the middle for a sandwich. */
	scrollToZoom(high) {
		const graph = $("graph"), pane = this.panes.at(-1), { rows } = this.painter;
		if (this.state.v === "flame")
			graph.scrollTop = high;
		else if (this.state.v === "sandwich")
			graph.scrollTop = rows.findIndex((row) => row.pane === pane) * ROW - graph.clientHeight / 2;
		else
			graph.scrollTop = 0;
	}

	paint() {
		this.painter.paint({ found: this.found, hover: this.hover, selected: this.selected, theme: this.theme,
			scroll: $("graph").scrollTop, top: this.top });
	}

	/* --- around the graph ---------------------------------------------------------------------------- */

	header() {
		const { profile } = this;
		for (const fact of profile.facts)
			$("facts").append(element("span", fact));
		$("comments").hidden = !profile.comments.length;
		for (const text of profile.comments)
			$("comments").lastElementChild.append(element("li", text));
		profile.metrics.forEach(([name], m) => {
			const card = element("button", undefined, { type: "button", role: "radio", title: `${name} (${m + 1})` });
			card.append(element("div", METRIC_NAMES[name] || name, { class: "name" }), element("div", "", { class: "value" }));
			card.addEventListener("click", () => this.set({ m, z: this.keepZoom() }));
			$("metrics").append(card);
			this.describeTotal(card.lastElementChild, m);
		});
		$("diffbar").hidden = $("normalise").hidden = !profile.diff;
		for (const [key, what] of KEYS)
			$("keys").querySelector("dl").append(element("dt", key), element("dd", what));
	}

	describeTotal(value, m) {
		const { profile } = this, [name, unit] = profile.metrics[m], total = profile.tree.total(m + this.afterOffset())[0];
		const totalOf = (other) => {
			const at = profile.metrics.findIndex(([n]) => n === other);
			return at < 0 ? 0 : profile.tree.total(at)[0];
		};
		value.textContent = formatValue(total, unit);
		value.title = `${formatExact(total)} ${unit}`;
		let note = "";
		if (profile.diff) {
			const before = profile.tree.total(m)[0], change = total - before;
			note = `${change > 0 ? "+" : ""}${formatValue(change, unit)} from ${formatValue(before, unit)}`;
		} else if (name === "alloc_space" || name === "inuse_space") {
			const objects = totalOf(name.replace("space", "objects"));
			note = objects > 0 ? `${formatBytes(total / objects)} each` : "";
		} else if (name === "inuse_objects" && totalOf("alloc_objects") > 0) {
			note = `${formatShare(total, totalOf("alloc_objects"))} of allocated`;
		}
		if (note)
			value.append(element("small", note));
	}

	/* A tail's meaning depends on the order of siblings, that is, on the metric. */
	keepZoom() {
		return this.state.z.replace(/\..*/, "");
	}

	buttons() {
		const { state } = this, press = (id, on) => $(id).setAttribute("aria-pressed", String(on));
		for (const view of VIEWS)
			press(view, state.v === view);
		for (const widths of ["before", "after", "max"])
			press(widths, state.w === widths);
		press("reverse", state.r === 1);
		press("normalise", state.s === 1);
		press("dark", this.theme === "dark");
		$("reverse").disabled = state.v === "sandwich" || state.v === "table";
		[...$("metrics").children].forEach((card, m) => {
			card.setAttribute("aria-checked", String(m === state.m));
			card.tabIndex = m === state.m ? 0 : -1;
		});
		$("prev").disabled = $("next").disabled = !state.q || state.v === "table";
	}

	legend() {
		const { profile, state } = this, box = $("legend");
		const chip = (colour, text, query) => {
			const e = element(query ? "button" : "span", undefined, query ? { type: "button", title: `search ${query}` } : {});
			const swatch = element("i");
			swatch.style.background = colour;
			e.append(swatch, element("span", text));
			if (query)
				e.addEventListener("click", () => this.set({ q: state.q === query ? "" : query }));
			box.append(e);
		};
		box.replaceChildren();
		if (profile.diff) {
			const shades = profile.palette.changes[this.theme];
			chip(shades.at(-1), "grew (+), new");
			chip(shades[(shades.length - 1) / 2], "unchanged");
			chip(shades[0], "shrank (\u2212), gone");
			return;
		}
		const self = widthsOf(profile, profile.tree, this.choice()), total = profile.tree.total(state.m)[0];
		for (const { name, colour, sum } of profile.moduleShares(self).slice(0, 10))
			chip(profile.palette[this.theme][colour], `${name} ${formatShare(sum, total)}`,
				`module:^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
	}

	crumbs() {
		const { state, profile } = this, bar = $("crumbs");
		const add = (text, z, current) => {
			const b = element("button", text, { type: "button", title: text });
			if (current)
				b.setAttribute("aria-current", "true");
			b.addEventListener("click", () => this.set({ z }));
			if (bar.childElementCount)
				bar.append(element("i", "\u203a"));
			bar.append(b);
		};
		bar.replaceChildren();
		bar.hidden = state.v === "table";
		if (bar.hidden)
			return;
		const pane = this.panes.find(({ zoom }) => zoom.node || zoom.skip) || this.panes.at(-1), { layout: { tree }, zoom, key } = pane;
		const path = tree.path(zoom.node);
		add(nodeName(profile, tree, 0), "", !path.length && !zoom.skip);
		path.forEach((node, i) => add(shortName(nodeName(profile, tree, node)), `${key}${node}`, i === path.length - 1 && !zoom.skip));
		if (zoom.skip)
			add(gatheredName(tree.first[zoom.node + 1] - tree.first[zoom.node] - zoom.skip), state.z, true);
		bar.scrollLeft = bar.scrollWidth;
	}

	showMatched() {
		const { state, profile, found } = this;
		$("matched").value = "";
		if (!found)
			return;
		const total = profile.tree.sumUp(widthsOf(profile, profile.tree, this.choice()));
		const sum = profile.matchedSum(found, total);
		$("matched").value = found.includes(1) ? `${formatShare(sum, total[0])} matched` : "no match";
		$("matched").title = `${formatExact(sum)} of ${formatExact(total[0])} ${profile.metrics[state.m][1]}`;
	}

	/* --- details of one box ------------------------------------------------------------------------------ */

	/* Name, place and numbers of a box: what the tip, the status line and screen readers tell. */
	details({ layout, node, tail, pane }) {
		const { profile } = this, { tree } = layout;
		const name = tail >= 0 ? gatheredName(tree.first[node + 1] - tree.first[node] - tail) : nodeName(profile, tree, node);
		const frame = tail >= 0 ? -1 : tree.frame[node], inside = tail >= 0 ? node : tree.parent[node];
		const notes = [];
		if (frame >= 0) {
			const module = profile.modules[profile.module[frame]].name;
			for (const note of [module, nodePlace(profile, tree, node), isInlined(profile, tree, node) ? "inlined" : ""])
				if (note)
					notes.push(note);
		}
		const sum = (k) => tail < 0 ? tree.total(k)[node]
			: [...layout.kids.subarray(tree.first[node] + tail, tree.first[node + 1])].reduce((s, kid) => s + tree.total(k)[kid], 0);
		/* What ends in a box has a meaning only where boxes are calls. */
		const forward = !pane.key ? this.state.r === 0 : pane.key === "d";
		const self = forward && tail < 0 ? (k) => tree.self[k][node] : null;
		return { name, notes, sum, self, all: (k) => profile.tree.total(k)[0], inside: (k) => inside < 0 ? 0 : tree.total(k)[inside] };
	}

	tipTable(details) {
		const { profile, state } = this, table = element("table"), M = profile.metrics.length;
		const row = (tag, cells, now) => {
			const tr = element("tr", undefined, now ? { class: "now" } : {});
			cells.forEach((text, i) => tr.append(element(i ? tag : "th", text)));
			table.append(tr);
		};
		if (profile.diff) {
			row("th", ["", "before", "after", "change"]);
			profile.metrics.forEach(([name, unit], m) => {
				const before = details.sum(m), after = details.sum(m + M), change = after - before;
				row("td", [METRIC_NAMES[name] || name, formatValue(before, unit), formatValue(after, unit),
					`${change > 0 ? "+" : ""}${formatValue(change, unit)}`], m === state.m);
			});
			return table;
		}
		row("th", ["", "total", "of all", "of parent", details.self ? "self" : ""]);
		profile.metrics.forEach(([name, unit], m) => {
			const sum = details.sum(m), parent = details.inside(m);
			row("td", [METRIC_NAMES[name] || name, formatValue(sum, unit), formatShare(sum, details.all(m)),
				parent > 0 ? formatShare(sum, parent) : "", details.self ? formatValue(details.self(m), unit) : ""], m === state.m);
		});
		return table;
	}

	/* The sampling error of the metric shown, where it is known and worth a word. */
	errorNote(box) {
		const { profile, state } = this;
		if (!profile.variance || profile.diff || box.tail >= 0)
			return "";
		const sigma = Math.sqrt(box.layout.tree.total(profile.valueSets + state.m)[box.node]);
		const sum = box.layout.tree.total(state.m)[box.node];
		return sigma > 0 && sum > 0 ? `sampled: \u00b1${formatShare(1.96 * sigma, sum)} (95 % confidence)` : "";
	}

	showTip(box, x, y) {
		const tip = $("tip");
		tip.hidden = !box;
		if (!box)
			return;
		const details = this.details(box);
		tip.replaceChildren(element("h3", details.name));
		if (details.notes.length)
			tip.append(element("p", details.notes.join(" \u00b7 ")));
		tip.append(this.tipTable(details));
		const error = this.errorNote(box);
		if (error)
			tip.append(element("p", error));
		const { width, height } = tip.getBoundingClientRect();
		tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 6))}px`;
		tip.style.top = `${y + 20 + height < innerHeight ? y + 20 : Math.max(4, y - height - 12)}px`;
	}

	status(box) {
		const { profile, state } = this, line = $("status"), shown = box || this.selected;
		$("actions").hidden = !this.selected || state.v === "table";
		if (!shown) {
			line.textContent = state.v === "table" ? "Click a function for its sandwich, a heading to sort."
				: "Hover for numbers, click to zoom, / to search, ? for all keys.";
			return;
		}
		const { name, notes, sum, self, all } = this.details(shown), unit = profile.metrics[state.m][1];
		const k = state.m + this.afterOffset();
		const parts = [`${formatValue(sum(k), unit)} (${formatExact(sum(k))}), ${formatShare(sum(k), all(k))}`];
		if (profile.diff)
			parts[0] += `, before ${formatValue(sum(state.m), unit)} (${formatExact(sum(state.m))})`;
		if (self)
			parts.push(`self ${formatValue(self(k), unit)}`);
		line.replaceChildren(element("b", name), document.createTextNode(` \u2014 ${[...parts, ...notes].join(" \u00b7 ")}`));
	}

	/* --- doing ------------------------------------------------------------------------------------- */

	select(box) {
		this.selected = box;
		this.hover = null;
		this.status(null);
		this.paint();
	}

	focusFrame() {
		const box = this.hover || this.selected;
		const frame = box && box.tail < 0 ? box.layout.tree.frame[box.node] : -1;
		return frame >= 0 ? frame : undefined;
	}

	zoom(box) {
		this.selected = { ...box };
		this.set({ z: box.node || box.tail > 0 ? `${box.pane.key}${box.node}${box.tail > 0 ? `.${box.tail}` : ""}` : "" });
		this.selected = this.findBox(box) || null;
		this.status(null);
	}

	zoomOut() {
		const pane = this.panes.find(({ zoom }) => zoom.node || zoom.skip);
		if (!pane)
			return;
		const up = pane.zoom.skip ? pane.zoom.node : pane.layout.tree.parent[pane.zoom.node];
		this.set({ z: up > 0 ? `${pane.key}${up}` : "" });
	}

	sandwich(frame) {
		if (frame !== undefined && !(this.profile.flags[frame] & FLAG.GATHERED))
			this.set({ v: "sandwich", f: frame, z: "" });
	}

	/* The box that shows @node now, with its row. */
	findBox({ layout, node, tail }) {
		for (let r = 0; r < this.painter.rows.length; r++) {
			const { pane, boxes } = this.painter.rows[r];
			const box = pane.layout === layout && boxes.find((b) => b.node === node && b.tail === tail);
			if (box)
				return { ...box, pane, y: r * ROW };
		}
		return null;
	}

	scrollTo(box) {
		const graph = $("graph"), y = box.y + this.top;
		if (y < graph.scrollTop)
			graph.scrollTop = y - ROW;
		else if (y + ROW > graph.scrollTop + graph.clientHeight)
			graph.scrollTop = y + 2 * ROW - graph.clientHeight;
	}

	/* Arrow keys: up and down by what the eye sees, left and right along the row. */
	move(dx, dy) {
		const { rows } = this.painter, now = this.selected && this.findBox(this.selected);
		if (!now) {
			const pane = this.panes.at(-1), box = this.findBox({ layout: pane.layout, node: pane.zoom.node, tail: -1 });
			if (box) {
				this.scrollTo(box);
				this.select(box);
			}
			return;
		}
		const r = now.y / ROW;
		let to = null;
		if (dx) {
			const at = rows[r].boxes.findIndex((b) => b.node === now.node && b.tail === now.tail);
			to = rows[r].boxes[at + dx] && { ...rows[r].boxes[at + dx], pane: rows[r].pane, y: now.y };
		} else if (rows[r + dy]) {
			const { boxes, pane } = rows[r + dy];
			const covers = (b) => b.x < now.x + now.w - 0.1 && b.x + b.w > now.x + 0.1;
			to = boxes.filter(covers).map((b) => ({ ...b, pane, y: (r + dy) * ROW })).sort((a, b) => b.w - a.w)[0];
		}
		if (to) {
			this.scrollTo(to);
			this.select(to);
		}
	}

	/* Matches of the visible panes, heaviest first; the next one is zoomed to if it is too narrow to see. */
	nextMatch(step) {
		if (!this.found || this.state.v === "table")
			return;
		const matches = [];
		for (const pane of this.panes) {
			const { tree, width } = pane.layout;
			for (let i = pane.headless ? 1 : 0; i < tree.cnt; i++)
				if (width[i] > 0 && tree.frame[i] >= 0 && this.found[tree.frame[i]])
					matches.push({ layout: pane.layout, node: i, tail: -1, pane, width: width[i] });
		}
		if (!matches.length)
			return;
		matches.sort((a, b) => b.width - a.width || a.node - b.node);
		const at = this.selected ? matches.findIndex((b) => b.layout === this.selected.layout && b.node === this.selected.node) : -1;
		const to = matches[at < 0 ? (step > 0 ? 0 : matches.length - 1) : (at + step + matches.length) % matches.length];
		let box = this.findBox(to);
		if (!box) {
			this.set({ z: `${to.pane.key}${to.node}` });
			this.panes.forEach((pane) => { pane.view = pane.target; });
			cancelAnimationFrame(this.animation);
			this.draw(true);
			box = this.findBox({ ...to, layout: this.panes.find(({ key }) => key === to.pane.key).layout });
		}
		if (box) {
			this.scrollTo(box);
			this.select(box);
		}
	}

	/* Paper is white, whatever the screen shows. */
	get theme() {
		return this.printing ? "light" : this.chosenTheme || (this.darkSystem.matches ? "dark" : "light");
	}

	savedTheme() {
		try {
			return localStorage.getItem("heaptap-theme");
		} catch (e) {
			return null;	/* storage is not for pages like this one here */
		}
	}

	toggleTheme() {
		this.chosenTheme = this.theme === "dark" ? "light" : "dark";
		try {
			localStorage.setItem("heaptap-theme", this.chosenTheme);
		} catch (e) { /* then until it is closed */ }
		this.apply(this.state);
	}

	copyName() {
		const box = this.selected || this.hover;
		if (box && navigator.clipboard)
			navigator.clipboard.writeText(this.details(box).name).catch(() => {});
	}

	/* --- events ---------------------------------------------------------------------------------------- */

	listen() {
		const click = (id, action) => $(id).addEventListener("click", action);
		for (const v of ["flame", "icicle", "table"])
			click(v, () => this.set({ v, z: this.state.v === "sandwich" ? "" : this.state.z }));
		click("sandwich", () => this.set({ v: "sandwich", f: this.focusFrame() ?? this.state.f, z: "" }));
		for (const w of ["before", "after", "max"])
			click(w, () => this.set({ w, z: this.keepZoom() }));
		click("reverse", () => this.set({ r: 1 - this.state.r, z: "" }));
		click("normalise", () => this.set({ s: 1 - this.state.s, z: this.keepZoom() }));
		click("dark", () => this.toggleTheme());
		click("help", () => $("keys").showModal());
		click("prev", () => this.nextMatch(-1));
		click("next", () => this.nextMatch(1));
		click("do-zoom", () => this.selected && this.zoom(this.selected));
		click("do-sandwich", () => this.sandwich(this.focusFrame()));
		click("do-copy", () => this.copyName());
		$("keys").querySelector("button").addEventListener("click", () => $("keys").close());
		$("query").addEventListener("input", () => this.set({ q: $("query").value }, true));
		$("metrics").addEventListener("keydown", (e) => this.metricKeys(e));
		addEventListener("hashchange", () => {
			if (this.hash() !== (location.hash || "#")) {
				const old = this.state;
				this.state = this.parse(location.hash);
				this.apply(old);
			}
		});
		addEventListener("keydown", (e) => this.key(e));
		this.listenGraph();
		const redraw = () => this.state.v === "table" ? this.table.render() : this.draw(false);
		new ResizeObserver(redraw).observe($("graph"));
		addEventListener("beforeprint", () => this.print(true));
		addEventListener("afterprint", () => this.print(false));
		this.darkSystem.addEventListener("change", () => this.apply(this.state));
	}

	listenGraph() {
		const canvas = $("canvas");
		const boxAt = (e) => {
			const at = canvas.getBoundingClientRect();
			return this.painter.hit(e.clientX - at.left, e.clientY - at.top + $("graph").scrollTop - this.top);
		};
		canvas.addEventListener("pointermove", (e) => {
			this.hover = boxAt(e);
			this.showTip(this.hover, e.clientX, e.clientY);
			this.status(this.hover);
			this.paint();
		});
		const leave = () => {
			this.hover = null;
			this.showTip(null);
			this.status(null);
			this.paint();
		};
		canvas.addEventListener("pointerleave", leave);
		canvas.addEventListener("click", (e) => {
			const box = boxAt(e);
			this.showTip(null);
			if (box)
				this.zoom(box);
		});
		$("graph").addEventListener("scroll", () => {
			this.showTip(null);
			this.paint();
		});
	}

	metricKeys(e) {
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key], count = this.profile.metrics.length;
		if (!step)
			return;
		e.preventDefault();
		e.stopPropagation();
		this.set({ m: (this.state.m + step + count) % count, z: this.keepZoom() });
		$("metrics").children[this.state.m].focus();
	}

	key(e) {
		if ((e.ctrlKey || e.metaKey) && e.key === "f" && document.activeElement !== $("query"))
			return this.startSearch(e);
		if (e.ctrlKey || e.metaKey || e.altKey || $("keys").open)
			return undefined;
		if (document.activeElement === $("query"))
			return this.searchKey(e);
		const onButton = e.key === "Enter" && document.activeElement !== $("canvas") && document.activeElement !== document.body;
		const action = this.actions()[e.key];
		if (onButton || !action || (this.state.v === "table" && /^(Arrow|Enter)/.test(e.key)))
			return undefined;
		e.preventDefault();
		return action(e);
	}

	actions() {
		const { state } = this, graph = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }, actions = {
			"/": (e) => this.startSearch(e), "?": () => $("keys").showModal(), Escape: () => this.escape(),
			n: () => this.nextMatch(1), N: () => this.nextMatch(-1), 0: () => this.set({ z: "" }),
			i: () => this.set({ v: state.v === "flame" ? "icicle" : "flame", z: state.v === "sandwich" ? "" : state.z }),
			r: () => state.v !== "sandwich" && state.v !== "table" && this.set({ r: 1 - state.r, z: "" }),
			s: () => $("sandwich").click(), t: () => this.set({ v: state.v === "table" ? "flame" : "table" }),
			d: () => this.toggleTheme(), c: () => this.copyName(), Backspace: () => state.v !== "table" && this.zoomOut(),
			Enter: () => this.selected && this.zoom(this.selected),
		};
		for (const [key, [dx, dy]] of Object.entries(graph))
			actions[key] = () => this.move(dx, dy);
		this.profile.metrics.forEach((_, m) => { actions[m + 1] = () => this.set({ m, z: this.keepZoom() }); });
		return actions;
	}

	startSearch(e) {
		e.preventDefault();
		$("query").focus();
		$("query").select();
	}

	searchKey(e) {
		if (e.key === "Enter") {
			e.preventDefault();
			this.nextMatch(e.shiftKey ? -1 : 1);
		} else if (e.key === "Escape") {
			e.preventDefault();
			if (this.state.q)
				this.set({ q: "" });
			$("canvas").focus();
		}
	}

	escape() {
		if (!$("tip").hidden)
			this.showTip(null);
		if (this.state.q)
			this.set({ q: "" });
		else if (this.state.z && this.state.v !== "table")
			this.zoomOut();
	}

	/* Paper shows the whole graph, not what is scrolled to. */
	print(on) {
		this.printing = on;
		$("graph").style.height = on ? `${Math.min(this.painter.rows.length * ROW + 2, 4000)}px` : "";
		this.apply(this.state);
	}
}

new App(new Profile(JSON.parse($("data").textContent)));
