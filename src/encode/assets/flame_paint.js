/*
 * From layouts to pixels. A pane is one layout on the canvas with its zoom and the way it grows; arrange()
 * decides which boxes there are, row by row and left to right, paint() draws the rows that are scrolled
 * into view, hit() finds the box under a point by binary search.
 */
const ROW = 22, NARROW = 3, FONT = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Inter,'Noto Sans','DejaVu Sans',sans-serif";
const THEMES = {
	light: { text: "#231d18", soft: "#6d675f", back: "#ffffff", gathered: "#e9e5df", root: "#efebe5", accent: "#c2410c", match: "#7c3aed", grew: [230, 110, 30], shrank: [74, 144, 217] },
	dark: { text: "#f4f1ec", soft: "#a3a8b0", back: "#1c1f25", gathered: "#31363f", root: "#2b3038", accent: "#ff8f4d", match: "#c4a5ff", grew: [196, 84, 12], shrank: [30, 105, 178] },
};

/* Without template arguments: "std::vector<int, …>::push_back" is more of a name than its first half. */
function shortName(name) {
	let out = "", depth = 0;
	if (!name.includes("<") || name.includes("operator"))
		return name;
	for (const c of name) {
		if (c === "<")
			depth++;
		else if (c === ">" && depth > 0)
			depth--;
		else if (!depth)
			out += c;
	}
	return depth ? name : out;
}

class Painter {
	constructor(canvas, profile) {
		this.canvas = canvas;
		this.profile = profile;
		this.context = canvas.getContext("2d");
		this.widths = new Map();
		this.rows = [];
		this.panes = [];
	}

	resize(width, height) {
		const ratio = window.devicePixelRatio || 1;
		this.width = width;
		this.height = height;
		this.canvas.width = Math.max(1, Math.round(width * ratio));
		this.canvas.height = Math.max(1, Math.round(height * ratio));
		this.canvas.style.width = `${width}px`;
		this.canvas.style.height = `${height}px`;
		this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
	}

	/* The part of a layout that @zoom shows: a node, or its children but for the @skip heaviest. */
	static range(layout, { node, skip }) {
		const from = layout.start[node], to = from + layout.width[node];
		if (!skip)
			return [from, to];
		const { first } = layout.tree, last = layout.kids[first[node + 1] - 1];
		return [layout.start[layout.kids[first[node] + skip]], layout.start[last] + layout.width[last]];
	}

	arrangePane(pane) {
		const { layout, view: [from, to] } = pane, scale = this.width / (to - from);
		const { start, width, kids, tree } = layout, levels = [];
		let level = width[0] > 0 && to > from ? [this.box(layout, 0, -1, start[0], width[0], from, scale)] : [];
		while (level.length) {
			levels.push(level);
			const next = [];
			for (const { node, tail } of level) {
				if (tail >= 0)
					continue;
				const end = tree.first[node + 1];
				for (let k = layout.firstChildRightOf(node, from); k < end; k++) {
					const kid = kids[k];
					if (start[kid] >= to || width[kid] <= 0)
						break;
					if (width[kid] * scale < NARROW) {
						const last = kids[end - 1], rest = start[last] + width[last] - start[kid];
						if (rest * scale >= 0.4)
							next.push(this.box(layout, node, k - tree.first[node], start[kid], rest, from, scale));
						break;
					}
					next.push(this.box(layout, kid, -1, start[kid], width[kid], from, scale));
				}
			}
			level = next;
		}
		return levels;
	}

	/* @tail >= 0: not @node itself but its children from that one on. Clipped to the canvas. */
	box(layout, node, tail, start, width, from, scale) {
		const x = Math.max((start - from) * scale, 0), end = Math.min((start - from + width) * scale, this.width);
		return { layout, node, tail, x, w: end - x };
	}

	/* Rows from top to bottom. Flames and callers grow upwards, the others downwards. */
	arrange(panes) {
		this.panes = panes;
		this.rows = [];
		for (const pane of panes) {
			const levels = this.arrangePane(pane);
			if (pane.headless)
				levels.shift();
			if (pane.up)
				levels.reverse();
			for (const boxes of levels)
				this.rows.push({ pane, boxes });
		}
		return this.rows.length * ROW + 1;
	}

	hit(x, y) {
		const row = this.rows[Math.floor(y / ROW)];
		if (!row)
			return null;
		let lo = 0, hi = row.boxes.length;
		while (lo < hi) {
			const mid = (lo + hi) >> 1;
			if (row.boxes[mid].x + row.boxes[mid].w > x)
				hi = mid;
			else
				lo = mid + 1;
		}
		const box = row.boxes[lo];
		return box && box.x <= x ? { ...box, pane: row.pane, y: Math.floor(y / ROW) * ROW } : null;
	}

	/* @marks: found (per function, or null), hover, selected ({pane, node, tail}), theme, scroll (px), top (px) */
	paint(marks) {
		const { context } = this, theme = THEMES[marks.theme];
		context.fillStyle = theme.back;
		context.fillRect(0, 0, this.width, this.height);
		context.textBaseline = "middle";
		const firstRow = Math.max(0, Math.floor((marks.scroll - marks.top) / ROW));
		for (let r = firstRow; r < this.rows.length; r++) {
			const y = r * ROW - marks.scroll + marks.top;
			if (y > this.height)
				break;
			for (const box of this.rows[r].boxes)
				this.paintBox(this.rows[r].pane, box, y, theme, marks);
		}
	}

	paintBox(pane, box, y, theme, marks) {
		const { context, profile } = this, { node, tail, x, w, layout } = box;
		const frame = tail < 0 ? layout.tree.frame[node] : -1;
		const gap = w > 4 ? 1 : 0, width = Math.max(w - gap, 0.5), height = ROW - 1;
		const found = !marks.found || (frame >= 0 && marks.found[frame]);
		const isHead = tail < 0 && layout.depth[node] < layout.depth[pane.zoom.node];
		context.globalAlpha = isHead ? 0.55 : found ? 1 : 0.32;
		context.fillStyle = this.colour(box, frame, theme, marks);
		if (width > 6 && context.roundRect) {
			context.beginPath();
			context.roundRect(x, y, width, height, 3);
			context.fill();
		} else {
			context.fillRect(x, y, width, height);
		}
		if (marks.found && found && frame >= 0) {
			context.fillStyle = theme.match;
			context.fillRect(x, y + height - 3, width, 3);
		}
		if (width > 24)
			this.paintLabel(box, frame, x + 6, y + height / 2 + 0.5, width - 10, theme);
		context.globalAlpha = 1;
		const { hover, selected } = marks;
		if (pane.key === "d" && !node && tail < 0)
			this.outline(x, y, width, height, theme.accent, 2);
		if (hover && hover.layout === layout && hover.node === node && hover.tail === tail)
			this.outline(x, y, width, height, theme.text, 1.5);
		else if (hover && frame >= 0 && hover.tail < 0 && hover.layout.tree.frame[hover.node] === frame && width > 4)
			this.outline(x, y, width, height, theme.soft, 1);
		if (selected && selected.layout === layout && selected.node === node && selected.tail === tail)
			this.outline(x, y, width, height, theme.accent, 2.5);
	}

	outline(x, y, w, h, style, line) {
		const { context } = this, half = line / 2;
		context.strokeStyle = style;
		context.lineWidth = line;
		context.strokeRect(x + half, y + half, Math.max(w - line, 0.5), h - line);
	}

	colour({ layout, node, tail }, frame, theme, marks) {
		const { profile } = this;
		if (tail >= 0 || (frame >= 0 && profile.flags[frame] & FLAG.GATHERED))
			return theme.gathered;
		if (profile.diff) {
			const shades = profile.palette.changes[marks.theme], middle = (shades.length - 1) / 2;
			const { ratio } = layout.change(node);
			return shades[Math.round(middle + Math.sign(ratio) * Math.min(Math.abs(ratio), 1) ** 0.6 * middle)];
		}
		return frame < 0 ? theme.root : frameColour(profile, frame, marks.theme);
	}

	label({ layout, node, tail }, frame) {
		const { profile } = this;
		if (tail >= 0)
			return gatheredName(layout.tree.first[node + 1] - layout.tree.first[node] - tail);
		return nodeName(profile, layout.tree, node);
	}

	paintLabel(box, frame, x, y, room, theme) {
		const { context, profile } = this;
		const inlined = box.tail < 0 && isInlined(profile, box.layout.tree, box.node);
		context.font = `${inlined ? "italic " : ""}12px ${FONT}`;
		context.fillStyle = box.tail >= 0 ? theme.soft : theme.text;
		if (profile.diff && box.tail < 0) {
			const mark = box.layout.change(box.node).mark;
			if (mark) {
				const width = this.textWidth(mark) + 5;
				if (width <= room) {
					context.font = `600 11px ${FONT}`;
					context.fillText(mark, x, y);
					context.font = `${inlined ? "italic " : ""}12px ${FONT}`;
					x += width;
					room -= width;
				}
			}
		}
		const text = this.fit(this.label(box, frame), room);
		if (text)
			context.fillText(text, x, y);
	}

	textWidth(text) {
		let width = this.widths.get(text);
		if (width === undefined) {
			width = this.context.measureText(text).width;
			if (this.widths.size > 50000)
				this.widths.clear();
			this.widths.set(text, width);
		}
		return width;
	}

	fit(text, room) {
		if (text.length > 400)
			text = text.slice(0, 400);
		if (this.textWidth(text) <= room)
			return text;
		text = shortName(text);
		let width = this.textWidth(text);
		if (width <= room)
			return text;
		let keep = Math.floor(text.length * room / width);
		for (; keep >= 2; keep--) {
			const cut = text.slice(0, keep) + "\u2026";
			if (this.textWidth(cut) <= room)
				return cut;
		}
		return "";
	}
}

const frameColour = (profile, frame, theme) => profile.flags[frame] & (FLAG.SYNTHETIC | FLAG.GATHERED)
	? THEMES[theme].gathered : profile.palette[theme][profile.colour[frame]];

const gatheredName = (n) => `(${formatExact(n)} small frame${n === 1 ? "" : "s"})`;

function nodeName(profile, tree, node) {
	const frame = tree.frame[node];
	if (frame < 0)
		return "all";
	return profile.flags[frame] & FLAG.GATHERED ? gatheredName(tree.site[node]) : profile.name[frame];
}

const isInlined = (profile, tree, node) => tree.frame[node] >= 0 && !(profile.flags[tree.frame[node]] & FLAG.GATHERED)
	&& Boolean(tree.site[node] & SITE.INLINED);

/* "server.c:120", ", …" behind it where this box stands for calls from several lines. */
function nodePlace(profile, tree, node) {
	const frame = tree.frame[node], site = tree.site[node];
	if (frame < 0 || profile.flags[frame] & FLAG.GATHERED || !profile.file[frame])
		return "";
	const line = site >> 2;
	return profile.file[frame] + (line ? `:${line}${site & SITE.LINES_DIFFER ? ", \u2026" : ""}` : "");
}
