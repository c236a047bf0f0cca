// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * The data behind the pictures: no document, no canvas. A tree is a struct of arrays whose nodes are
 * numbered so that a parent comes before its children (node 0 is the root, "all"); values are kept per
 * node as what ended there (self), and totals are sums over subtrees. A profile has one value set per
 * metric; a difference has two, before and after. ../README describes the format that is decoded here.
 */
const FLAG = { KERNEL: 1, SYNTHETIC: 2, GATHERED: 4 };
const SITE = { INLINED: 1, LINES_DIFFER: 2 };

class Tree {
	constructor(parent, frame, site, self) {
		this.cnt = parent.length;
		this.parent = parent;
		this.frame = frame;
		this.site = site;
		this.self = self;
		this.totals = [];
		this.linkChildren();
	}

	/* children of i: kids[first[i]] .. kids[first[i + 1] - 1] */
	linkChildren() {
		const first = new Int32Array(this.cnt + 1), kids = new Int32Array(this.cnt);
		for (let i = 1; i < this.cnt; i++)
			first[this.parent[i] + 1]++;
		for (let i = 0; i < this.cnt; i++)
			first[i + 1] += first[i];
		const at = first.slice();
		for (let i = 1; i < this.cnt; i++)
			kids[at[this.parent[i]]++] = i;
		this.first = first;
		this.kids = kids;
	}

	/* Sums over subtrees of value set @k. */
	total(k) {
		return this.totals[k] || (this.totals[k] = this.sumUp(this.self[k]));
	}

	sumUp(self) {
		const sum = Float64Array.from(self);
		for (let i = this.cnt - 1; i > 0; i--)
			sum[this.parent[i]] += sum[i];
		return sum;
	}

	path(node) {
		const path = [];
		for (; node > 0; node = this.parent[node])
			path.push(node);
		return path.reverse();
	}
}

/* Builds a tree by walking down from the root, one (parent, frame) at a time. */
class Grower {
	constructor(profile, rootFrame) {
		this.flags = profile.flags;
		this.parent = [-1];
		this.frame = [rootFrame];
		this.site = [0];
		this.self = profile.tree.self.map(() => [0]);
		this.slots = new Int32Array(1024);
	}

	slot(parent, frame) {
		const mask = this.slots.length - 1;
		let h = Math.imul(parent, 0x9e3779b1) ^ Math.imul(frame + 1, 0x85ebca6b);
		h ^= h >>> 15;
		for (h &= mask; this.slots[h]; h = (h + 1) & mask) {
			const node = this.slots[h];
			if (this.parent[node] === parent && this.frame[node] === frame)
				break;
		}
		return h;
	}

	child(parent, frame, site) {
		const at = this.slot(parent, frame);
		if (this.slots[at]) {
			const node = this.slots[at];
			if (this.flags[frame] & FLAG.GATHERED)
				this.site[node] += site;
			else if (site !== this.site[node])
				this.site[node] |= SITE.LINES_DIFFER;
			return node;
		}
		const node = this.parent.length;
		this.parent.push(parent);
		this.frame.push(frame);
		this.site.push(site);
		for (const values of this.self)
			values.push(0);
		this.slots[at] = node;
		if (node * 2 > this.slots.length)
			this.widen();
		return node;
	}

	widen() {
		this.slots = new Int32Array(this.slots.length * 4);
		for (let node = 1; node < this.parent.length; node++)
			this.slots[this.slot(this.parent[node], this.frame[node])] = node;
	}

	done() {
		return new Tree(Int32Array.from(this.parent), Int32Array.from(this.frame),
			Int32Array.from(this.site), this.self.map((v) => Float64Array.from(v)));
	}
}

class Profile {
	constructor(json) {
		Object.assign(this, { title: json.title, facts: json.facts, comments: json.comments,
			metrics: json.metrics, metric: json.metric, diff: json.diff, palette: json.palette,
			variance: json.variance,
			modules: json.modules.map(([name, colour]) => ({ name: json.strings[name], colour })) });
		this.valueSets = this.metrics.length * (this.diff ? 2 : 1);
		this.decodeFrames(json);
		this.decodeTree(json);
	}

	decodeFrames({ strings, frames }) {
		this.frameCnt = frames.length / 5;
		this.name = [];
		this.module = new Int32Array(this.frameCnt);
		this.file = [];
		this.colour = new Int32Array(this.frameCnt);
		this.flags = new Int32Array(this.frameCnt);
		for (let f = 0; f < this.frameCnt; f++) {
			this.name.push(strings[frames[5 * f]]);
			this.module[f] = frames[5 * f + 1];
			this.file.push(strings[frames[5 * f + 2]]);
			this.colour[f] = frames[5 * f + 3];
			this.flags[f] = frames[5 * f + 4];
		}
	}

	decodeTree({ up, frame, site, self }) {
		const cnt = up.length + 1;
		const parent = new Int32Array(cnt), frames = new Int32Array(cnt), sites = new Int32Array(cnt);
		parent[0] = frames[0] = -1;
		for (let i = 1; i < cnt; i++) {
			let p = i - 1;
			for (let steps = up[i - 1]; steps > 0; steps--)
				p = parent[p];
			parent[i] = p;
			frames[i] = frame[i - 1];
			sites[i] = site[i - 1];
		}
		const stored = this.valueSets + (this.variance ? this.metrics.length : 0);
		const values = Array.from({ length: stored }, () => new Float64Array(cnt));
		for (let at = 0, node = 0; at < self.length; at += 1 + stored) {
			node += self[at];
			for (let k = 0; k < stored; k++)
				values[k][node] = self[at + 1 + k];
		}
		this.tree = new Tree(parent, frames, sites, values);
		/* Nodes come in pre-order, so a subtree is a range: i .. end[i] - 1. */
		this.end = new Int32Array(cnt);
		for (let i = cnt - 1; i >= 0; i--) {
			this.end[i] = Math.max(this.end[i], i + 1);
			if (i)
				this.end[parent[i]] = Math.max(this.end[parent[i]], this.end[i]);
		}
	}

	hasSelf(node) {
		for (let k = 0; k < this.valueSets; k++)
			if (this.tree.self[k][node])
				return true;
		return false;
	}

	/* What allocated, first; its callers further on. */
	leafFirst() {
		if (this.leafFirstTree)
			return this.leafFirstTree;
		const { tree } = this, grow = new Grower(this, -1);
		for (let i = 1; i < tree.cnt; i++) {
			if (!this.hasSelf(i))
				continue;
			let node = 0;
			for (let up = i; up > 0; up = tree.parent[up])
				node = grow.child(node, tree.frame[up], tree.site[up]);
			grow.self.forEach((values, k) => { values[node] += tree.self[k][i]; });
		}
		return this.leafFirstTree = grow.done();
	}

	/* The outermost calls of @frame: inner ones of a recursion are part of them already. */
	outermost(frame) {
		const { tree, end } = this, found = [];
		for (let i = 1; i < tree.cnt; )
			if (tree.frame[i] === frame) {
				found.push(i);
				i = end[i];
			} else {
				i++;
			}
		return found;
	}

	callees(frame) {
		const { tree, end } = this, grow = new Grower(this, frame);
		const at = new Int32Array(tree.cnt);
		for (const top of this.outermost(frame))
			for (let i = top; i < end[top]; i++) {
				at[i] = i === top ? 0 : grow.child(at[tree.parent[i]], tree.frame[i], tree.site[i]);
				grow.self.forEach((values, k) => { values[at[i]] += tree.self[k][i]; });
			}
		return grow.done();
	}

	callers(frame) {
		const { tree } = this, grow = new Grower(this, frame);
		for (const top of this.outermost(frame)) {
			let node = 0;
			for (let up = tree.parent[top]; up > 0; up = tree.parent[up])
				node = grow.child(node, tree.frame[up], tree.site[up]);
			grow.self.forEach((values, k) => { values[node] += tree.total(k)[top]; });
		}
		return grow.done();
	}

	/* Per function: self and total of every value set; recursion counted once. */
	functions() {
		if (this.functionRows)
			return this.functionRows;
		const { tree, end } = this, open = new Int32Array(this.frameCnt);
		const make = () => Array.from({ length: this.valueSets }, () => new Float64Array(this.frameCnt));
		const self = make(), total = make();
		for (let i = 1; i < tree.cnt; i++) {
			const f = tree.frame[i], outer = open[f] <= i;
			if (outer)
				open[f] = end[i];
			for (let k = 0; k < this.valueSets; k++) {
				self[k][f] += tree.self[k][i];
				if (outer)
					total[k][f] += tree.total(k)[i];
			}
		}
		return this.functionRows = { self, total };
	}

	/* Which functions match "REGEX", "module:REGEX" or "file:REGEX"? An invalid regex is taken literally. */
	match(query) {
		const [, field, text] = /^(module:|file:)?(.*)$/s.exec(query);
		let regex = null;
		try {
			regex = new RegExp(text, /[A-Z]/.test(text) ? "" : "i");
		} catch (e) {
			regex = new RegExp(text.replace(/[^\w ]/g, "\\$&"), "i");
		}
		const found = new Uint8Array(this.frameCnt);
		const modules = this.modules.map(({ name }) => regex.test(name));
		for (let f = 0; f < this.frameCnt; f++)
			found[f] = field === "module:" ? modules[this.module[f]]
				: regex.test(field === "file:" ? this.file[f] : this.name[f]);
		return found;
	}

	/* Sum of @total over stacks that contain a matching function, each stack once. */
	matchedSum(found, total) {
		const { tree, end } = this;
		let sum = 0;
		for (let i = 1; i < tree.cnt; )
			if (found[tree.frame[i]]) {
				sum += total[i];
				i = end[i];
			} else {
				i++;
			}
		return sum;
	}

	/* How much of the profile's own modules ended where, largest first. */
	moduleShares(weights) {
		const { tree } = this, sums = new Float64Array(this.modules.length);
		for (let i = 1; i < tree.cnt; i++)
			if (!(this.flags[tree.frame[i]] & (FLAG.GATHERED | FLAG.SYNTHETIC)))
				sums[this.module[tree.frame[i]]] += weights[i];
		return this.modules.map((module, i) => ({ ...module, sum: sums[i] }))
			.filter(({ name, sum }) => name && sum > 0)
			.sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1));
	}
}

/*
 * How wide every node of a tree is under one choice of metric and widths, and where it starts. Siblings
 * are ordered heaviest first, so that those too narrow to draw are always the last ones of their parent.
 */
class Layout {
	constructor(profile, tree, choice) {
		const width = tree.sumUp(widthsOf(profile, tree, choice));
		const start = new Float64Array(tree.cnt), depth = new Int32Array(tree.cnt);
		const kids = tree.kids.slice();
		const byWidth = (a, b) => width[b] - width[a] || a - b;
		let deepest = 0;
		for (let i = 0; i < tree.cnt; i++)
			if (tree.first[i + 1] - tree.first[i] > 1)
				kids.subarray(tree.first[i], tree.first[i + 1]).sort(byWidth);
		for (let i = 0; i < tree.cnt; i++) {
			let x = start[i];
			for (let k = tree.first[i]; k < tree.first[i + 1]; k++) {
				const kid = kids[k];
				start[kid] = x;
				depth[kid] = depth[i] + 1;
				x += width[kid];
				if (width[kid] > 0 && depth[kid] > deepest)
					deepest = depth[kid];
			}
		}
		Object.assign(this, { profile, tree, choice, width, start, depth, kids, deepest });
	}

	/* Differences: how @node changed, as -1 (gone) .. 1 (new) for the colour and as text. */
	change(node) {
		const { profile, tree, choice: { metric, normalise } } = this;
		const scale = normalise ? normaliseScale(profile, metric) : 1;
		const before = tree.total(metric)[node] * scale;
		const after = tree.total(metric + profile.metrics.length)[node];
		const most = Math.max(before, after), ratio = most > 0 ? (after - before) / most : 0;
		const pct = before > 0 ? Math.round(100 * (after - before) / before) : 0;
		const mark = ratio === 1 ? "new" : ratio === -1 ? "gone" : !pct ? ""
			: `${pct > 0 ? "+" : "\u2212"}${Math.abs(pct) < 1000 ? `${Math.abs(pct)}%` : `${formatCount(Math.abs(pct) / 100)}\u00d7`}`;
		return { before, after, ratio, mark };
	}

	/* First child of @node, as an index into kids, whose end lies right of @x. */
	firstChildRightOf(node, x) {
		let lo = this.tree.first[node], hi = this.tree.first[node + 1];
		while (lo < hi) {
			const mid = (lo + hi) >> 1, kid = this.kids[mid];
			if (this.start[kid] + this.width[kid] > x)
				hi = mid;
			else
				lo = mid + 1;
		}
		return lo;
	}
}

/* Widths of a node's own part: a metric of a profile, or before, after or the larger of a difference. */
function widthsOf(profile, tree, { metric, widths, normalise }) {
	const after = tree.self[metric + (profile.diff ? profile.metrics.length : 0)];
	if (!profile.diff)
		return after;
	const before = tree.self[metric], scale = normalise ? normaliseScale(profile, metric) : 1;
	if (widths === "after")
		return after;
	return before.map((v, i) => widths === "before" ? v * scale : Math.max(v * scale, after[i]));
}

/* What "before" is multiplied with so that both sides have the same total. */
function normaliseScale(profile, metric) {
	const before = profile.tree.total(metric)[0];
	const after = profile.tree.total(metric + profile.metrics.length)[0];
	return before > 0 && after > 0 ? after / before : 1;
}

const formatBytes = (v) => {
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
	let u = 0, x = Math.abs(v);
	for (; x >= 1024 && u < units.length - 1; u++)
		x /= 1024;
	return `${v < 0 ? "\u2212" : ""}${u ? threeDigits(x) : Math.round(x)} ${units[u]}`;
};
const formatCount = (v) => {
	const units = ["", "k", "M", "G", "T", "P"];
	let u = 0, x = Math.abs(v);
	for (; x >= 1000 && u < units.length - 1; u++)
		x /= 1000;
	return `${v < 0 ? "\u2212" : ""}${u ? threeDigits(x) : Math.round(x)}${units[u]}`;
};
const threeDigits = (x) => x.toFixed(x < 9.995 ? 2 : x < 99.95 ? 1 : 0);
const formatExact = (v) => Math.round(v).toString().replace("-", "\u2212").replace(/\B(?=(\d{3})+$)/g, "\u202f");
const formatValue = (v, unit) => unit === "bytes" ? formatBytes(v) : formatCount(v);
const formatShare = (part, whole) => {
	if (!(whole > 0))
		return "\u2013";
	const pct = 100 * part / whole;
	return `${pct > 0 && pct < 0.01 ? "<0.01" : pct.toFixed(pct < 9.995 ? 2 : 1)} %`;
};
