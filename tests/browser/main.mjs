// main.mjs - the runner: one Chromium for all tests, a daemon and fresh profiles for each. Begun by `run`, which knows the options.

import { mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { Far, Way } from "./far.mjs";
import { Person } from "./person.mjs";

const LIMIT = 90;
const HERE = fileURLToPath(new URL(".", import.meta.url));
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { k: { type: "string", short: "k", multiple: true, default: [] },
	logs: { type: "string", default: "" }, shots: { type: "string", default: "" } } });
const packages = createRequire(join(process.env.CHATD_PACKAGES, "package.json"));
const { chromium } = packages("playwright-core");
const counts = { ok: 0, FAIL: 0, skip: 0 };

class Skip extends Error {}

/** What a test is given. */
class Test {
	#ends = [];
	people = [];
	shots = options.shots;
	axe = packages.resolve("axe-core/axe.min.js");

	constructor(browser, far) {
		this.browser = browser;
		this.far = far;
	}

	skip(why) {
		throw new Skip(why);
	}

	after(fn) {
		this.#ends.push(fn);
	}

	async world(config) {
		this.w = await this.far.world(config);
		this.web = await this.w.port_of("web");
		this.after(async () => {
			const wrong = await this.w.end();

			if (wrong)
				throw new Error(wrong);
		});
		return this.w;
	}

	async way() {
		const way = await Way.to(this.web);

		this.after(() => way.end());
		return way;
	}

	/** Somebody before the login form; port: another way in. */
	async somebody({ port = this.web, ...more } = {}) {
		const p = await Person.at(this.browser, port, more);

		this.people.push(p);
		return p;
	}

	/** Somebody who is in. */
	async person(name, { how, ...more } = {}) {
		const p = await this.somebody(more);

		await p.comes(name, how);
		return p;
	}

	async failed(name) {
		let text = this.w ? `---- the daemon's log ends with ----\n${await this.w.tail().catch(String)}\n----` : "";

		for (const [i, p] of this.people.entries()) {
			const file = options.logs && join(options.logs, `${name.replace(/\W+/g, "-")}-${i}.png`);

			if (file && await p.page.screenshot({ path: file }).catch(() => null))
				text += `\nwhat it looked like: ${file}`;
		}
		return text;
	}

	async end() {
		for (const p of this.people)
			await p.context.close();
		for (const fn of this.#ends.reverse())
			await fn();
	}
}

function late(seconds) {
	let timer;
	const promise = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error("the test took longer than its limit")), seconds * 1000)));

	return { promise, clear: () => clearTimeout(timer) };
}

function show(how, id, begun, text = "") {
	counts[how]++;
	console.log(`${how.padEnd(5)} ${id}${how === "skip" ? `: ${text}` : ` (${((Date.now() - begun) / 1000).toFixed(1)} s)`}`);
	if (how === "FAIL")
		console.log(text.replace(/^/gm, "      "));
}

async function run(id, { fn, limit = LIMIT }, browser, far) {
	const t = new Test(browser, far);
	const begun = Date.now();
	const over = late(limit);

	try {
		await Promise.race([fn(t), over.promise]);
		t.people.forEach((p) => p.check());
		await t.end();
		show("ok", id, begun);
	} catch (e) {
		const why = e instanceof Skip ? e.message : `${e.stack ?? e}\n${await t.failed(id)}`;

		await t.end().catch(() => {});
		show(e instanceof Skip ? "skip" : "FAIL", id, begun, why);
	} finally {
		over.clear();
	}
}

async function main() {
	const names = readdirSync(HERE).filter((f) => /^test_\w+\.mjs$/.test(f)).map((f) => f.slice(0, -4)).sort()
		.filter((n) => !positionals.length || positionals.some((p) => n === p.replace(/\.mjs$/, "") || n === `test_${p}`));
	const begun = Date.now();

	if (options.logs)
		mkdirSync(options.logs, { recursive: true });
	// as root there is no sandbox; nothing of the browser's own goes anywhere
	const browser = await chromium.launch({ executablePath: process.env.CHATD_BROWSER, headless: true,
		args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"] });
	const far = new Far();

	for (const name of names) {
		const { tests } = await import(`./${name}.mjs`);

		for (const [words, what] of Object.entries(tests)) {
			const id = `${name}: ${words}`;

			if (!options.k.length || options.k.some((k) => id.includes(k)))
				await run(id, typeof what === "function" ? { fn: what } : what, browser, far);
		}
	}
	await browser.close();
	await far.end();
	console.log(`${Math.round((Date.now() - begun) / 1000)} s`);
	console.log(`${counts.ok} passed, ${counts.FAIL} failed, ${counts.skip} skipped`);
	return counts.FAIL || !(counts.ok + counts.skip) ? 1 : 0;
}

process.exitCode = await main();
