// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * The flame graph page in a real browser: run.js PAGES, where PAGES is what make-pages wrote. Prints
 * "ok NAME", "not ok NAME - WHY" or "skip NAME - WHY". With SCREENSHOTS=DIR pictures are left there to look at.
 */
const assert = require("assert");
const { readFileSync, writeFileSync } = require("fs");
const path = require("path");
const { Browser, findChromium } = require("./browser.js");

const pages = path.resolve(process.argv[2] || ".");
const url = (name, hash = "") => `file://${pages}/${name}.html${hash}`;
const tests = [];
const test = (name, run) => tests.push({ name, run });

/* What a reader sees, by the page's own means: text of elements, and what the arrow keys and the status line tell. */
class Page {
	constructor(browser) {
		this.browser = browser;
	}

	open(name, hash, options) {
		return this.browser.open(url(name, hash), options);
	}

	text(selector) {
		return this.browser.eval(`document.querySelector(${JSON.stringify(selector)}).textContent`);
	}

	hash() {
		return this.browser.eval("location.hash");
	}

	pressed(id) {
		return this.browser.eval(`document.getElementById("${id}").getAttribute("aria-pressed") === "true"`);
	}

	status() {
		return this.text("#status");
	}

	/* Focus the graph and walk with the arrow keys from the zoomed frame. */
	async walk(...keys) {
		await this.browser.eval("document.getElementById('canvas').focus()");
		for (const key of keys)
			await this.browser.key(key);
		return this.status();
	}

	/* The middle of the box in row @row (from the bottom, the root is 0) at @share of the width. */
	async boxPoint(row, share) {
		const { x, y, width, height } = await this.browser.eval(
			"(() => { const { x, y, width, height } = document.getElementById('canvas').getBoundingClientRect(); return { x, y, width, height }; })()");
		return [x + width * share, y + height - 1 - (row + 0.5) * 22];
	}

	async clickBox(row, share) {
		await this.browser.mouse(...await this.boxPoint(row, share), true);
	}

	async hoverBox(row, share) {
		await this.browser.mouse(...await this.boxPoint(row, share), false);
	}

	tip() {
		return this.browser.eval("(() => { const t = document.getElementById('tip'); return t.hidden ? null : t.innerText; })()");
	}

	/* Colour of the canvas there, as [r, g, b]. */
	async pixel(row, share) {
		const [x, y] = await this.boxPoint(row, share);
		return this.browser.eval(`(() => { const c = document.getElementById('canvas'), r = c.getBoundingClientRect();
			return [...c.getContext('2d').getImageData(${x} - r.x, ${y} - r.y - 6, 1, 1).data].slice(0, 3); })()`);
	}

	async back() {
		await this.browser.eval("new Promise((r) => { addEventListener('hashchange', r, { once: true }); history.back(); }).then(() => 0)");
		await this.browser.settle();
	}

	clean() {
		assert.deepStrictEqual(this.browser.errors, [], "errors in the console");
	}
}

/* small: a 900 (a;b 600, a;c 300 of which 200 its own and 100 in a;c;b), d 100: 1000 bytes. */

test("totals_of_the_four_metrics", async (page) => {
	await page.open("small");
	const values = await page.browser.eval("[...document.querySelectorAll('#metrics .value')].map((e) => e.firstChild.textContent)");
	assert.deepStrictEqual(values, ["10", "1000 B", "6", "500 B"]);
	assert.strictEqual(await page.browser.eval("document.querySelector('#metrics [aria-checked=true]').title"), "alloc_space (2)");
	page.clean();
});

test("hover_tells_exact_numbers_and_shares", async (page) => {
	await page.open("small");
	await page.hoverBox(2, 0.8);
	const tip = await page.tip();
	assert.match(tip, /^c\n/);
	assert.match(tip, /Allocated bytes\s+300 B\s+30\.0 %\s+33\.3 %\s+200 B/);
	assert.match(tip, /Allocated objects\s+3\s+30\.0 %\s+33\.3 %\s+1/);
	assert.match(tip, /Live bytes\s+100 B\s+20\.0 %\s+25\.0 %\s+0 B/);
	assert.match(await page.status(), /^c — 300 B \(300\), 30\.0 % · self 200 B · redis-server/);
	page.clean();
});

test("places_and_inlining_are_shown", async (page) => {
	await page.open("redis", "#q=createEmbedded");
	await page.browser.key("n");
	assert.match(await page.status(), /createEmbeddedStringObject — .*server\.c:92 · inlined/);
});

test("search_counts_overlaps_once", async (page) => {
	await page.open("small");
	await page.browser.key("/");
	await page.browser.type("^(b|c)$");
	assert.strictEqual(await page.text("#matched"), "90.0 % matched");
	assert.strictEqual(await page.hash(), "#q=%5E%28b%7Cc%29%24");
	await page.browser.key("Escape");
	assert.strictEqual(await page.text("#matched"), "");
	await page.browser.key("/");
	await page.browser.type("b");
	assert.strictEqual(await page.text("#matched"), "70.0 % matched");
	await page.open("small", "#q=nosuch");
	assert.strictEqual(await page.text("#matched"), "no match");
	await page.open("small", "#q=module%3Alibd");
	assert.strictEqual(await page.text("#matched"), "10.0 % matched");
	await page.open("small", "#q=(");
	assert.strictEqual(await page.text("#matched"), "no match");
	page.clean();
});

test("search_goes_to_the_next_and_previous_match", async (page) => {
	await page.open("small", "#q=%5Eb%24");
	await page.browser.key("n");
	assert.match(await page.status(), /^b — 600 B/);
	await page.browser.key("n");
	assert.match(await page.status(), /^b — 100 B/);
	await page.browser.key("n");
	assert.match(await page.status(), /^b — 600 B/);
	await page.browser.key("N");
	assert.match(await page.status(), /^b — 100 B/);
});

test("click_zooms_and_back_undoes", async (page) => {
	await page.open("small");
	await page.clickBox(2, 0.8);
	assert.strictEqual(await page.text("#crumbs"), "all›a›c");
	const zoomed = await page.hash();
	assert.match(zoomed, /^#z=\d+$/);
	await page.hoverBox(2, 0.02);
	assert.match(await page.tip(), /^c\n/, "c is as wide as the page now");
	await page.clickBox(3, 0.1);
	assert.strictEqual(await page.text("#crumbs"), "all›a›c›b");
	await page.back();
	assert.strictEqual(await page.text("#crumbs"), "all›a›c");
	assert.strictEqual(await page.hash(), zoomed);
	await page.back();
	assert.strictEqual(await page.text("#crumbs"), "all");
	page.clean();
});

test("breadcrumb_leads_out", async (page) => {
	await page.open("small");
	await page.clickBox(3, 0.65);
	await page.browser.click("#crumbs button:nth-of-type(2)");
	assert.strictEqual(await page.text("#crumbs"), "all›a");
});

test("link_restores_everything", async (page) => {
	await page.open("redis", "#m=3&v=icicle&q=dict");
	assert.ok(await page.pressed("icicle"));
	assert.strictEqual(await page.browser.eval("document.querySelector('#metrics [aria-checked=true]').title"), "inuse_space (4)");
	assert.strictEqual(await page.browser.eval("document.getElementById('query').value"), "dict");
	await page.open("small", "#m=99&v=nonsense&z=xyz&f=-5&w=%3Cb%3E&z=999999");
	assert.ok(await page.pressed("flame"), "nonsense is ignored");
	assert.strictEqual(await page.text("#crumbs"), "all");
	page.clean();
});

test("metric_switches", async (page) => {
	await page.open("small");
	await page.browser.key("3");
	assert.strictEqual(await page.hash(), "#m=2");
	await page.hoverBox(1, 0.5);
	assert.match(await page.tip(), /^a\n/);
	assert.match(await page.status(), /5 \(5\), 83\.3 %/);
	await page.browser.click("#metrics button:nth-child(1)");
	assert.strictEqual(await page.hash(), "#m=0");
	await page.back();
	assert.strictEqual(await page.hash(), "#m=2");
});

test("keyboard_walks_and_zooms", async (page) => {
	await page.open("small");
	assert.match(await page.walk("ArrowUp"), /^all — 1000 B/);
	assert.match(await page.walk("ArrowUp"), /^a — 900 B/);
	assert.match(await page.walk("ArrowRight"), /^d — 100 B/);
	assert.match(await page.walk("ArrowLeft", "ArrowUp", "ArrowRight"), /^c — 300 B/);
	await page.browser.key("Enter");
	assert.strictEqual(await page.text("#crumbs"), "all›a›c");
	await page.browser.key("Backspace");
	assert.strictEqual(await page.text("#crumbs"), "all›a");
	await page.browser.key("0");
	assert.strictEqual(await page.text("#crumbs"), "all");
	page.clean();
});

test("keyboard_switches_views", async (page) => {
	await page.open("small");
	for (const [key, id] of [["i", "icicle"], ["i", "flame"], ["r", "reverse"], ["s", "sandwich"], ["t", "table"], ["t", "flame"]]) {
		await page.browser.key(key);
		assert.ok(await page.pressed(id), `${key} shows ${id}`);
	}
	await page.browser.key("d");
	assert.strictEqual(await page.browser.eval("document.documentElement.dataset.theme"), "dark");
	await page.browser.key("d");
	await page.browser.key("?");
	assert.ok(await page.browser.eval("document.getElementById('keys').open"));
	await page.browser.key("Escape");
	assert.ok(!await page.browser.eval("document.getElementById('keys').open"));
	await page.browser.key("f", 2);
	assert.strictEqual(await page.browser.eval("document.activeElement.id"), "query");
	page.clean();
});

test("leaf_first_starts_where_memory_was_allocated", async (page) => {
	await page.open("small", "#r=1");
	/* b 700 (under a 600, under c 100), c 200, d 100 */
	await page.hoverBox(1, 0.3);
	assert.match(await page.tip(), /^b\n[^]*Allocated bytes\s+700 B\s+70\.0 %/);
	await page.hoverBox(1, 0.8);
	assert.match(await page.tip(), /^c\n[^]*Allocated bytes\s+200 B/);
	await page.hoverBox(2, 0.65);
	assert.match(await page.tip(), /^c\n[^]*Allocated bytes\s+100 B/);
});

test("sandwich_has_callers_above_and_callees_below", async (page) => {
	await page.open("small");
	await page.walk("ArrowUp", "ArrowUp", "ArrowUp", "ArrowRight");
	await page.browser.key("s");
	assert.strictEqual(await page.text("#crumbs"), "c");
	const at = async (row) => {
		const { x, y } = await page.browser.eval("document.getElementById('canvas').getBoundingClientRect().toJSON()");
		await page.browser.mouse(x + 20, y + row * 22 + 11, false);
		return page.tip();
	};
	assert.match(await at(0), /^a\n[^]*Allocated bytes\s+300 B/);
	assert.match(await at(1), /^c\n[^]*Allocated bytes\s+300 B\s+30\.0 %\s+200 B/);
	assert.match(await at(2), /^b\n[^]*Allocated bytes\s+100 B/);
	page.clean();
});

test("table_lists_self_and_total", async (page) => {
	const rows = () => page.browser.eval(
		"[...document.querySelectorAll('#rows tbody tr:not(.gap)')].map((tr) => [...tr.children].map((td) => td.firstElementChild?.tagName === 'I' ? td.children[1].textContent : td.firstChild.textContent))");
	await page.open("small", "#v=table");
	assert.deepStrictEqual((await rows()).map((r) => [r[0], r[3], r[4]]),
		[["b", "700 B", "700 B"], ["c", "200 B", "300 B"], ["d", "100 B", "100 B"], ["a", "0 B", "900 B"]]);
	await page.browser.click("#rows th:nth-child(5) button");
	assert.deepStrictEqual((await rows()).map((r) => r[0]), ["a", "b", "c", "d"]);
	await page.browser.click("#rows tbody tr:nth-child(2)");
	assert.ok(await page.pressed("sandwich"));
	assert.strictEqual(await page.text("#crumbs"), "a");
	page.clean();
});

test("small_frames_are_gathered_and_open", async (page) => {
	await page.open("redis");
	const boxes = await page.browser.eval("document.getElementById('canvas').getBoundingClientRect().width");
	assert.ok(boxes > 1000);
	/* 60 sites of a few kB each at the right end of call() */
	await page.open("redis", "#q=processCommand%24");
	await page.browser.key("n");
	await page.browser.key("Enter");
	await page.browser.key("ArrowUp");
	await page.browser.key("ArrowUp");
	let status = "";
	for (let i = 0; i < 12 && !/small frames/.test(status); i++) {
		await page.browser.key("ArrowRight");
		status = await page.status();
	}
	assert.match(status, /^\((\d+) small frames\) — /);
	const cnt = Number(/^\((\d+)/.exec(status)[1]);
	assert.ok(cnt >= 60, `${cnt} gathered`);
	await page.browser.key("Enter");
	assert.match(await page.text("#crumbs"), new RegExp(`call›\\(${cnt} small frames\\)$`));
	page.clean();
});

test("difference_marks_new_gone_and_grown", async (page) => {
	/* before: as small; after: a;b 1200, a;c as before, d gone, e 400 new */
	await page.open("diff");
	await page.hoverBox(2, 0.2);
	assert.match(await page.tip(), /^b\n[^]*Allocated bytes\s+600 B\s+1\.17 KiB\s+\+600 B/);
	assert.deepStrictEqual(await page.browser.eval(
		"[...document.querySelectorAll('#metrics .value')].map((e) => e.textContent)[1]"), "1.86 KiB+900 B from 1000 B");
	await page.open("diff", "#q=%5Ee%24");
	await page.browser.key("n");
	assert.match(await page.status(), /^e — 400 B \(400\), 21\.1 %, before 0 B \(0\)/);
	assert.match(await page.text("#matched"), /^20\.0 % matched/, "of the larger of both: 400 of 2000");
	page.clean();
});

test("difference_widths_and_colours", async (page) => {
	await page.open("diff");
	const [r, , b] = await page.pixel(2, 0.3);
	assert.ok(r > b + 40, `grown is orange: ${r} ${b}`);
	await page.browser.click("#before");
	await page.hoverBox(1, 0.97);
	assert.match(await page.tip(), /^d\n/, "gone is there before");
	const gone = await page.pixel(1, 0.97);
	assert.ok(gone[2] > gone[0] + 40, `gone is blue: ${gone}`);
	await page.browser.click("#after");
	await page.hoverBox(1, 0.97);
	assert.match(await page.tip(), /^e\n/, "new is there after");
	await page.browser.click("#normalise");
	assert.match(await page.hash(), /s=1/);
	await page.browser.click("#table");
	assert.match(await page.text("#rows"), /change/);
	page.clean();
});

test("sampling_error_is_told", async (page) => {
	await page.open("sampled");
	await page.hoverBox(2, 0.2);
	/* variance 2500: two sigma of 600 are 98 bytes */
	assert.match(await page.tip(), /sampled: ±16\.3 % \(95 % confidence\)/);
	assert.match(await page.text("#facts"), /sampled every 512 KiB on average/);
});

test("hostile_names_stay_text", async (page) => {
	for (const hash of ["", "#v=table", "#v=sandwich", "#q=script", "#r=1"]) {
		await page.open("hostile", hash);
		assert.strictEqual(await page.browser.eval("document.querySelectorAll('img, #graph *:not(canvas):not(div)').length"), 0);
		assert.strictEqual(await page.browser.eval("document.querySelectorAll('script').length"), 2);
		assert.notStrictEqual(await page.browser.eval("document.title"), "owned");
		assert.deepStrictEqual(page.browser.requests.filter((r) => !r.startsWith("file:") && r !== "about:blank"), []);
		page.clean();
	}
	await page.open("hostile", "#v=table");
	assert.match(await page.text("#rows"), /<\/script><img src=x onerror=/);
	assert.match(await page.text("#rows"), /__proto__/);
	assert.match(await page.text("#comments"), /<img src=http/);
});

test("nothing_is_loaded_or_run", async (page) => {
	await page.open("redis");
	await page.hoverBox(3, 0.3);
	assert.deepStrictEqual(page.browser.requests.filter((r) => r !== "about:blank"), [url("redis")]);
	const blocked = await page.browser.eval(`new Promise((resolve) => {
		document.addEventListener("securitypolicyviolation", (e) => resolve(e.effectiveDirective), { once: true });
		const s = document.createElement("script"); s.textContent = "document.title = 'ran'"; document.head.append(s);
		setTimeout(() => resolve("not blocked"), 500); })`);
	assert.strictEqual(blocked, "script-src-elem");
	assert.notStrictEqual(await page.browser.eval("document.title"), "ran");
	const fetched = await page.browser.eval("fetch('https://127.0.0.1:9/').then(() => 'fetched', (e) => e.name)");
	assert.strictEqual(fetched, "TypeError");
	const html = readFileSync(`${pages}/redis.html`, "utf8");
	assert.ok(!/https?:\/\//.test(html.replace(/http:\/\/www\.w3\.org\/2000\/svg/g, "")));
});

test("hundred_thousand_frames_draw", async (page) => {
	await page.open("big");
	const nodes = await page.browser.eval("JSON.parse(document.getElementById('data').textContent).up.length");
	assert.ok(nodes >= 100000, `${nodes} nodes`);
	await page.hoverBox(1, 0.01);
	assert.match(await page.tip(), /^ns::function_/);
	for (const key of ["1", "i", "r", "s", "t"])
		await page.browser.key(key);
	assert.ok(await page.pressed("table"));
	page.clean();
});

test("narrow_screens_need_no_sideways_scrolling", async (page) => {
	for (const hash of ["", "#v=table", "#v=sandwich"]) {
		await page.open("redis-diff", hash, { width: 320, height: 640 });
		const width = await page.browser.eval("document.documentElement.scrollWidth");
		assert.ok(width <= 320, `${hash || "flame"} is ${width} px wide`);
	}
});

test("controls_have_names_and_roles", async (page) => {
	await page.open("redis-diff");
	assert.deepStrictEqual(await page.browser.eval(
		"[...document.querySelectorAll('button, input, canvas, main, dialog')].filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim())).map((e) => e.outerHTML)"), []);
	const { nodes } = await page.browser.send("Accessibility.getFullAXTree");
	const named = (role) => nodes.filter((n) => n.role?.value === role && n.name?.value).length;
	assert.strictEqual(named("radio"), 4);
	assert.ok(named("button") >= 10);
});

test("dark_follows_the_system_and_prints_light", async (page) => {
	await page.open("redis");
	await page.browser.eval("localStorage.clear()"); /* what an earlier test chose */
	await page.open("redis", "", { dark: true });
	assert.strictEqual(await page.browser.eval("document.documentElement.dataset.theme"), "dark");
	const [r, g, b] = await page.pixel(0, 0.5);
	assert.ok(r + g + b < 300, "a dark root");
	const { data } = await page.browser.send("Page.printToPDF", {});
	assert.ok(Buffer.from(data, "base64").subarray(0, 5).toString() === "%PDF-");
	await page.browser.eval(`new Promise((resolve) => {
		const look = () => document.documentElement.dataset.theme === "dark" ? resolve(0) : setTimeout(look, 10); look(); })`);
});

test("picture_is_well_formed_and_has_no_script", async (page) => {
	for (const name of ["redis", "redis-diff", "hostile"]) {
		const svg = readFileSync(`${pages}/${name}.svg`, "utf8");
		await page.open("small");
		const wrong = await page.browser.eval(`(() => { const d = new DOMParser().parseFromString(${JSON.stringify(svg)}, "image/svg+xml");
			return [d.querySelector("parsererror")?.textContent || "", d.querySelectorAll("script, img, image, foreignObject").length, d.querySelectorAll("g > title").length > 5]; })()`);
		assert.deepStrictEqual(wrong, ["", 0, true], name);
	}
});

async function screenshots(page, dir) {
	const shot = async (file) => writeFileSync(path.join(dir, `${file}.png`), await page.browser.screenshot());
	for (const [file, name, hash, options] of [
		["light", "redis", ""], ["dark", "redis", "", { dark: true }], ["narrow", "redis", "", { width: 320, height: 640 }],
		["table", "redis", "#v=table"], ["search", "redis", "#q=dict"], ["sandwich", "redis", "#v=sandwich"], ["leaf-first", "redis", "#v=icicle&r=1"],
		["diff", "redis-diff", ""], ["diff-dark", "redis-diff", "", { dark: true }], ["diff-table", "redis-diff", "#v=table"], ["big", "big", ""]]) {
		await page.open(name, hash, options);
		await shot(file);
	}
}

async function main() {
	const chromium = findChromium();
	if (!chromium) {
		for (const { name } of tests)
			console.log(`skip ${name} - no chromium found (apt-get install chromium)`);
		return;
	}
	const browser = new Browser(chromium), page = new Page(browser), only = process.env.TEST && new RegExp(process.env.TEST);
	try {
		for (const { name, run } of tests) {
			if (only && !only.test(name))
				continue;
			try {
				await run(page);
				console.log(`ok ${name}`);
			} catch (e) {
				console.log(`not ok ${name} - ${String(e.message).replace(/\s*\n\s*/g, " | ")}`);
				process.exitCode = 1;
			}
		}
		if (process.env.SCREENSHOTS)
			await screenshots(page, process.env.SCREENSHOTS);
	} finally {
		await browser.close();
	}
}

main();
