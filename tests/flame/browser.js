// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * A headless Chromium on a pipe: messages are JSON, each ended by a NUL, its own are read from descriptor 4
 * and ours go to 3. One page at a time; every request it makes and every error it reports is kept.
 */
const { spawn } = require("child_process");
const { mkdtempSync, rmSync, accessSync, constants } = require("fs");
const { tmpdir } = require("os");
const path = require("path");

const KEY_CODES = { Enter: 13, Escape: 27, Backspace: 8, ArrowUp: 38, ArrowDown: 40, ArrowLeft: 37, ArrowRight: 39 };

function findChromium() {
	const names = process.env.CHROMIUM ? [process.env.CHROMIUM] : ["chromium", "chromium-browser", "google-chrome"];
	for (const name of names)
		for (const dir of (process.env.PATH || "").split(":")) {
			const file = path.resolve(dir, name);
			try {
				accessSync(file, constants.X_OK);
				return file;
			} catch (e) { /* the next one */ }
		}
	return null;
}

class Browser {
	constructor(file) {
		this.profileDir = mkdtempSync(path.join(tmpdir(), "heaptap-flame-"));
		this.child = spawn(file, ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
			"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
			"--remote-debugging-pipe", `--user-data-dir=${this.profileDir}`, "about:blank"],
		{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
		this.waiting = new Map();
		this.listeners = [];
		this.nextId = 1;
		let rest = "";
		this.child.stdio[4].setEncoding("utf8").on("data", (text) => {
			const messages = (rest + text).split("\0");
			rest = messages.pop();
			for (const message of messages)
				this.receive(JSON.parse(message));
		});
		this.child.on("exit", () => {
			for (const { reject } of this.waiting.values())
				reject(new Error("chromium has ended"));
		});
		this.child.stdio[3].on("error", () => {});
	}

	receive({ id, result, error, method, params, sessionId }) {
		if (id) {
			const { resolve, reject } = this.waiting.get(id);
			this.waiting.delete(id);
			error ? reject(new Error(error.message)) : resolve(result);
		} else if (!sessionId || sessionId === this.session) {
			this.listeners.forEach((listener) => listener(method, params));
		}
	}

	send(method, params = {}, sessionId = this.session) {
		const id = this.nextId++;
		this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
		return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
	}

	event(name) {
		return new Promise((resolve) => {
			const listener = (method, params) => {
				if (method === name) {
					this.listeners.splice(this.listeners.indexOf(listener), 1);
					resolve(params);
				}
			};
			this.listeners.push(listener);
		});
	}

	async open(url, { width = 1280, height = 800, dark = false } = {}) {
		if (!this.session) {
			const { targetInfos } = await this.send("Target.getTargets", {}, undefined);
			const { targetId } = targetInfos.find(({ type }) => type === "page");
			this.session = (await this.send("Target.attachToTarget", { targetId, flatten: true }, undefined)).sessionId;
			for (const domain of ["Page", "Runtime", "Network", "Log"])
				await this.send(`${domain}.enable`);
			this.listeners.push((method, params) => this.note(method, params));
		}
		this.requests = [];
		this.errors = [];
		await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
		await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" },
			{ name: "prefers-reduced-motion", value: "reduce" }] });
		await this.send("Page.navigate", { url: "about:blank" });
		const loaded = this.event("Page.loadEventFired");
		await this.send("Page.navigate", { url });
		await loaded;
		await this.settle();
	}

	note(method, params) {
		if (method === "Network.requestWillBeSent")
			this.requests.push(params.request.url);
		else if (method === "Runtime.exceptionThrown")
			this.errors.push(params.exceptionDetails.exception?.description || params.exceptionDetails.text);
		else if (method === "Log.entryAdded" && params.entry.level === "error")
			this.errors.push(params.entry.text);
	}

	async eval(expression) {
		const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
		return result.value;
	}

	settle() {
		return this.eval("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))");
	}

	async key(key, modifiers = 0) {
		const text = key.length === 1 && !modifiers ? key : key === "Enter" ? "\r" : undefined;
		const isPlain = /^[a-z0-9]$/i.test(key);
		const code = { key, text, modifiers, windowsVirtualKeyCode: KEY_CODES[key] || (isPlain ? key.toUpperCase().charCodeAt(0) : 0) };
		await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...code });
		await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...code, text: undefined });
		await this.settle();
	}

	async type(text) {
		for (const c of text)
			await this.key(c);
	}

	async mouse(x, y, click) {
		await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
		if (click)
			for (const type of ["mousePressed", "mouseReleased"])
				await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
		await this.settle();
	}

	async click(selector) {
		const { x, y } = await this.eval(`(() => { const r = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
			return { x: r.x + r.width / 2, y: r.y + r.height / 2 }; })()`);
		await this.mouse(x, y, true);
	}

	async screenshot() {
		return Buffer.from((await this.send("Page.captureScreenshot", { format: "png" })).data, "base64");
	}

	async close() {
		await this.send("Browser.close", {}, undefined).catch(() => {});
		await new Promise((resolve) => this.child.exitCode === null ? this.child.once("exit", resolve) : resolve());
		rmSync(this.profileDir, { recursive: true, force: true, maxRetries: 5 });
	}
}

module.exports = { Browser, findChromium };
