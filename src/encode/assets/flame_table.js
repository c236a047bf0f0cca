/* The table of functions: only the rows in sight are in the document, however many there are. */
const TABLE_ROW = 26;

class FunctionTable {
	constructor(app) {
		this.app = app;
		this.head = document.querySelector("#rows thead");
		this.body = document.querySelector("#rows tbody");
		document.getElementById("rows").addEventListener("scroll", () => this.render());
	}

	/* Columns: { id, group, title, value(frame), text(value), now: belongs to the chosen metric } */
	columns() {
		const { profile, state } = this.app, { self, total } = profile.functions(), M = profile.metrics.length;
		const [, unit] = profile.metrics[state.m];
		const column = (id, group, title, value, text, now) => ({ id, group, title, value, text, now });
		if (profile.diff) {
			const signed = (v) => [`${v > 0 ? "+" : ""}${formatValue(v, unit)}`], plain = (v) => [formatValue(v, unit)];
			const scale = state.s ? normaliseScale(profile, state.m) : 1;
			return [["self", self], ["total", total]].flatMap(([what, values]) => {
				const before = (f) => values[state.m][f] * scale, after = (f) => values[state.m + M][f];
				return [column(`${what}-before`, what, "before", before, plain, false),
					column(`${what}-after`, what, "after", after, plain, false),
					column(`${what}-change`, what, "change", (f) => after(f) - before(f), signed, true)];
			});
		}
		return profile.metrics.flatMap(([name, itsUnit], m) => {
			const whole = profile.tree.total(m)[0], group = METRIC_NAMES[name] || name, now = m === state.m;
			const text = (v) => [formatValue(v, itsUnit), now ? formatShare(v, whole) : ""];
			return [column(`self-${m}`, group, "self", (f) => self[m][f], text, now),
				column(`total-${m}`, group, "total", (f) => total[m][f], text, now)];
		});
	}

	show() {
		const { app } = this, { profile, state } = app;
		this.cols = this.columns();
		const [, id, ascending] = /^([\w-]*?)(_up)?$/.exec(state.o) || [];
		const byName = id === "name";
		const sorted = this.cols.find((c) => c.id === id) || this.cols.find((c) => c.now);
		const { self, total } = profile.functions();
		const shown = (f) => !(profile.flags[f] & FLAG.GATHERED) && (!app.found || app.found[f])
			&& [...self, ...total].some((values) => values[f]);
		this.order = [...Array(profile.frameCnt).keys()].filter(shown);
		const name = (a, b) => (profile.name[a] < profile.name[b] ? -1 : profile.name[a] > profile.name[b] ? 1 : a - b);
		const size = (v) => (profile.diff && sorted.now ? Math.abs(v) : v);
		this.order.sort(byName ? name : (a, b) => size(sorted.value(b)) - size(sorted.value(a)) || name(a, b));
		if (ascending)
			this.order.reverse();
		this.heading(byName ? "name" : sorted.id, Boolean(ascending));
		document.getElementById("rows").scrollTop = 0;
		this.render();
	}

	heading(sortedId, ascending) {
		const { app } = this, row = element("tr"), groups = element("tr");
		let group = null;
		for (const column of [{ id: "name", group: "", title: `Function (${formatExact(this.order.length)})`, now: true }, ...this.cols]) {
			const { id, title, now } = column, style = now ? {} : { class: "wide" };
			if (!group || group.textContent !== column.group)
				groups.append(group = element("th", column.group, { scope: "colgroup", ...style }));
			else
				group.colSpan++;
			const th = element("th", undefined, { scope: "col", ...style }), b = element("button", title, { type: "button" });
			if (id === sortedId)
				th.setAttribute("aria-sort", ascending === (id !== "name") ? "ascending" : "descending");
			b.addEventListener("click", () => app.set({ o: id === sortedId && !ascending ? `${id}_up` : id }, true));
			th.append(b);
			row.append(th);
		}
		this.head.replaceChildren(groups, row);
	}

	render() {
		const pane = document.getElementById("rows"), { order, body } = this;
		const from = Math.max(0, Math.floor(pane.scrollTop / TABLE_ROW) - 10);
		const to = Math.min(order.length, from + Math.ceil(pane.clientHeight / TABLE_ROW) + 20);
		body.replaceChildren(this.space(from), ...order.slice(from, to).map((f) => this.row(f)), this.space(order.length - to));
	}

	space(rows) {
		const tr = element("tr", undefined, { class: "gap", "aria-hidden": "true" }), td = element("td");
		td.style.height = `${rows * TABLE_ROW}px`;
		tr.append(td);
		return tr;
	}

	row(frame) {
		const { app } = this, { profile } = app, tr = element("tr", undefined, { tabindex: "0" });
		const name = element("td", undefined, app.found ? { class: "found" } : {}), swatch = element("i");
		swatch.style.background = frameColour(profile, frame, app.theme);
		if (!profile.diff)
			name.append(swatch);
		name.append(element("span", profile.name[frame]), element("small", profile.modules[profile.module[frame]].name));
		name.title = [profile.name[frame], profile.file[frame]].filter(Boolean).join("\n");
		tr.append(name);
		for (const { value, text, now } of this.cols) {
			const v = value(frame), [number, share] = text(v), td = element("td", number, now ? {} : { class: "wide" });
			if (share)
				td.append(element("small", share));
			if (profile.diff && now && v)
				td.className = v > 0 ? "grew" : "shrank";
			tr.append(td);
		}
		tr.addEventListener("click", () => app.sandwich(frame));
		tr.addEventListener("keydown", (e) => e.key === "Enter" && app.sandwich(frame));
		return tr;
	}
}
